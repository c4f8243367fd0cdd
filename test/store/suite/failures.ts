// Signals and errors: an aborted call does nothing, and every error has a class and a code.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AbortedError, RunletError } from '../../../lib/errors.ts'
import { keysOf, type Place, text, textAt } from './support.ts'

export function failureSuite(aPlace: Place): void {
  test('an aborted signal ends every operation before it does anything', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    await store.put(key, text('before'))
    const signal = AbortSignal.abort(new Error('enough'))
    const isAborted = (error: unknown) =>
      error instanceof AbortedError && error.cause instanceof Error && error.cause.message === 'enough'
    await assert.rejects(store.get(key, { signal }), isAborted)
    await assert.rejects(store.put(key, text('after'), { signal }), isAborted)
    await assert.rejects(store.delete([key], { signal }), isAborted)
    await assert.rejects(keysOf(store, { prefix, signal }), isAborted)
    assert.equal(await textAt(store, key), 'before')
  })

  test('every error is a RunletError with a code', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text('one'))
    await assert.rejects(store.put(`${prefix}a`, text('two'), { condition: { ifNoneMatch: '*' } }), error => {
      return error instanceof RunletError && error.code.startsWith('ERR_RUNLET_')
    })
  })
}
