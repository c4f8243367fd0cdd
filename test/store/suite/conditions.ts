// Conditional puts, one at a time: when they happen, when they fail, and that a version's etag is its own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PreconditionFailed } from '../../../lib/errors.ts'
import type { Etag } from '../../../lib/names.ts'
import { found, type Place, text, textAt } from './support.ts'

export function conditionSuite(aPlace: Place): void {
  test('a put if absent makes an object that is not there', async () => {
    const { store, prefix } = aPlace()
    const { etag } = await store.put(`${prefix}a`, text('one'), { condition: { ifNoneMatch: '*' } })
    const answer = await found(store, `${prefix}a`)
    assert.equal(answer.etag, etag)
    assert.equal(String(Buffer.from(answer.body)), 'one')
  })

  test('a put if absent leaves an object that is there as it was', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    await assert.rejects(store.put(key, text('two'), { condition: { ifNoneMatch: '*' } }), PreconditionFailed)
    assert.equal(await textAt(store, key), 'one')
    assert.equal((await found(store, key)).etag, etag)
  })

  test('a put on the current version replaces it', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    let { etag } = await store.put(key, text('0'))
    for (let round = 1; round <= 20; round++) {
      const next = await store.put(key, text(String(round)), { condition: { ifMatch: etag } })
      assert.notEqual(next.etag, etag)
      etag = next.etag
    }
    const answer = await found(store, key)
    assert.equal(answer.etag, etag)
    assert.equal(String(Buffer.from(answer.body)), '20')
  })

  test('a put on a version that was replaced fails and names the key', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    await store.put(key, text('two'))
    await assert.rejects(store.put(key, text('three'), { condition: { ifMatch: etag } }), error => {
      return error instanceof PreconditionFailed && error.key === key
    })
    assert.equal(await textAt(store, key), 'two')
  })

  test('a put on a version of a missing object fails and makes nothing', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(`${prefix}b`, text('one'))
    await assert.rejects(store.put(key, text('two'), { condition: { ifMatch: etag } }), PreconditionFailed)
    assert.equal((await store.get(key)).status, 'missing')
  })

  test('a put on a version of an object that was deleted since fails and makes nothing', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    await store.delete([key])
    await assert.rejects(store.put(key, text('two'), { condition: { ifMatch: etag } }), PreconditionFailed)
    assert.equal((await store.get(key)).status, 'missing')
  })

  test('a put on a version of an object that was made anew since fails', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    await store.delete([key])
    await store.put(key, text('other'))
    await assert.rejects(store.put(key, text('two'), { condition: { ifMatch: etag } }), PreconditionFailed)
    assert.equal(await textAt(store, key), 'other')
  })
}

export function uniqueEtagSuite(aPlace: Place): void {
  test('an etag never repeats: not for the same bytes, not after a delete', async () => {
    const { store, prefix } = aPlace()
    const etags = new Set<Etag>()
    for (let round = 0; round < 12; round++) {
      etags.add((await store.put(`${prefix}a`, text('the same'))).etag)
      if (round % 4 === 3) await store.delete([`${prefix}a`])
    }
    assert.equal(etags.size, 12)
  })
}
