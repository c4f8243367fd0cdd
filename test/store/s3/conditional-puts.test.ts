// Conditional puts on S3, on which all else rests: lost answers, lost races, throttling, quotes.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { AbortedError, AmbiguousWrite, PreconditionFailed, ThrottledError } from '../../../lib/errors.ts'
import { openS3Store } from '../../../lib/store/s3/s3-store.ts'
import type { FaultRule } from '../../support/s3-server.ts'
import { aStoreOnS3, bytes, contentOf, ifAbsent, ifStill } from './support.ts'

const { ambient, close, forget, puts, server, store } = await aStoreOnS3()

describe('on S3', () => {
  beforeEach(forget)
  after(close)

  describe('a conditional put', () => {
    const unclear: Array<[string, FaultRule['action'], stands: string | undefined]> = [
      ['was lost before it had an effect', 'drop-before', undefined],
      ['had its effect and lost its answer', 'drop-after', 'mine'],
      ['was answered 500 before it had an effect', { status: 500, code: 'InternalError' }, undefined],
      ['was answered 500 after it had its effect', { status: 500, code: 'InternalError', when: 'after' }, 'mine'],
      ['was answered 503 by something in between', { status: 503, code: 'ServiceUnavailable' }, undefined],
    ]
    for (const [what, action, stands] of unclear) {
      test(`that ${what} is ambiguous and never sent again`, async () => {
        server.fault({ method: 'PUT', action })
        await assert.rejects(store.put('head', bytes('mine'), ifAbsent), AmbiguousWrite)
        assert.equal(puts().length, 1)
        assert.equal(await contentOf(store, 'head'), stands)
      })
    }

    test('that lost its answer is no lost race for a swap either', async () => {
      const { etag } = await store.put('head', bytes('old'), ifAbsent)
      server.fault({ method: 'PUT', action: 'drop-after' })
      await assert.rejects(store.put('head', bytes('mine'), ifStill(etag)), AmbiguousWrite)
      assert.equal(await contentOf(store, 'head'), 'mine')
    })

    for (const code of ['ConditionalRequestConflict', 'OperationAborted']) {
      test(`that is answered 409 ${code} lost its race`, async () => {
        server.fault({ method: 'PUT', action: { status: 409, code } })
        await assert.rejects(store.put('head', bytes('mine'), ifAbsent), PreconditionFailed)
        assert.equal(puts().length, 1)
      })
    }

    test('of a version of an object that is gone lost its race', async () => {
      const { etag } = await store.put('head', bytes('old'), ifAbsent)
      await store.delete(['head'])
      await assert.rejects(store.put('head', bytes('new'), ifStill(etag)), PreconditionFailed)
    })

    test('that is throttled waits longer each time and then succeeds', async () => {
      server.fault({ method: 'PUT', action: 'throttle', count: 3 })
      await store.put('head', bytes('mine'), ifAbsent)
      assert.equal(puts().length, 4)
      assert.ok(
        ambient.slept.every((ms, index) => ms >= 50 * 2 ** index && ms < 100 * 2 ** index),
        String(ambient.slept),
      )
    })

    test('that is throttled for too long says so', async () => {
      server.fault({ method: 'PUT', action: 'throttle', count: 100 })
      await assert.rejects(store.put('head', bytes('mine'), ifAbsent), ThrottledError)
      assert.equal(await contentOf(store, 'head'), undefined)
    })

    test('is tried again when only the clock of this machine was wrong', async () => {
      server.fault({ method: 'PUT', action: { status: 403, code: 'RequestTimeTooSkewed' } })
      await store.put('head', bytes('mine'), ifAbsent)
    })

    test('that is aborted on its way is ambiguous', async () => {
      server.fault({ method: 'PUT', action: { delayMs: 5_000 } })
      const controller = new AbortController()
      const put = store.put('head', bytes('mine'), { ...ifAbsent, signal: controller.signal })
      const refused = assert.rejects(put, AmbiguousWrite)
      while (puts().length === 0) await setImmediate()
      controller.abort('enough')
      await refused
    })

    test('that is aborted before it is sent is not sent', async () => {
      const signal = AbortSignal.abort('enough')
      const put = store.put('head', bytes('mine'), { ...ifAbsent, signal })
      await assert.rejects(put, { constructor: AbortedError, cause: 'enough' })
      assert.equal(server.requests.length, 0)
    })

    test('sends an ETag back without quotes, unless the URL says otherwise', async () => {
      const { etag } = await store.put('head', bytes('1'))
      const quoting = await openS3Store(`${server.url('bucket', 'some/prefix')}&etag=quoted`)
      const second = await store.put('head', bytes('2'), ifStill(etag))
      await quoting.put('head', bytes('3'), ifStill(second.etag))
      await quoting.close()
      assert.match(etag, /^[0-9a-f]{32}$/)
      const [, plain, quoted] = puts().map(({ condition }) => condition.ifMatch)
      assert.deepEqual([plain, quoted], [etag, `"${second.etag}"`])
    })
  })
})
