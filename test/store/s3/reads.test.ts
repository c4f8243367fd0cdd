// Reads on S3: repeated when they break off, and what the store tells besides the bytes.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { AbortedError, AccessDeniedError } from '../../../lib/errors.ts'
import { aStoreOnS3, bytes, contentOf } from './support.ts'

const { close, forget, server, store } = await aStoreOnS3()

describe('on S3', () => {
  beforeEach(forget)
  after(close)

  describe('a read', () => {
    test('tells the time of the store, with and without a body', async () => {
      const { etag } = await store.put('head', bytes('1'))
      const [found, unchanged] = [await store.get('head'), await store.get('head', { ifNoneMatch: etag })]
      assert.ok(found.status === 'found' && unchanged.status === 'unchanged')
      for (const { serverTime } of [found, unchanged]) assert.ok(Math.abs(Date.now() - serverTime) < 10_000)
    })

    test('of an unchanged object moves no body', async () => {
      const { etag } = await store.put('head', bytes('1'))
      await store.get('head', { ifNoneMatch: etag })
      assert.deepEqual([server.requests.at(-1)?.status, server.requests.at(-1)?.bytesDown], [304, 0])
    })

    test('whose answer breaks off is repeated', async () => {
      await store.put('values/1', bytes('a long value'))
      server.fault({ method: 'GET', action: 'cut-short' })
      assert.equal(await contentOf(store, 'values/1'), 'a long value')
    })

    test('is repeated when it is dropped or throttled', async () => {
      await store.put('values/1', bytes('a'))
      server.fault({ method: 'GET', action: 'drop-before' })
      server.fault({ method: 'GET', action: { status: 500, code: 'InternalError' } })
      assert.equal(await contentOf(store, 'values/1'), 'a')
    })

    test('that is refused says what to check', async () => {
      server.fault({ method: 'GET', action: { status: 403, code: 'AccessDenied' } })
      await assert.rejects(store.get('head'), { constructor: AccessDeniedError, key: 'head', message: /s3:ListBucket/ })
    })

    // The last one: what was aborted may arrive at the server all the same, and meet the fault of another.
    test('that is aborted ends at once', async () => {
      server.fault({ method: 'GET', action: { delayMs: 5_000 } })
      const get = store.get('head', { signal: AbortSignal.timeout(50) })
      await assert.rejects(get, AbortedError)
    })
  })
})
