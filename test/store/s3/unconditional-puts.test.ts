// Unconditional puts on S3: repeated until they are answered, in parts of bounded size, and nothing is left of those that fail.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { AbortedError, AccessDeniedError, StoreError } from '../../../lib/errors.ts'
import { aStoreOnS3, bytes, keysOf } from './support.ts'

const { close, forget, puts, server, store } = await aStoreOnS3()

describe('on S3', () => {
  beforeEach(forget)
  after(close)

  describe('an unconditional put', () => {
    test('is repeated until it is answered', async () => {
      server.fault({ method: 'PUT', action: 'drop-after' })
      server.fault({ method: 'PUT', action: { status: 500, code: 'InternalError' } })
      await store.put('values/1', bytes('mine'))
      assert.equal(puts().length, 3)
    })

    test('of a stream goes up in parts of bounded size', async () => {
      const megabyte = new Uint8Array(1 << 20).fill(7)
      await store.put('values/1', repeat(megabyte, 20))
      const answer = await store.get('values/1')
      assert.equal(answer.status === 'found' && answer.body.length, 20 << 20)
      assert.ok(puts().every(({ bytesUp }) => bytesUp <= 8 << 20))
    })

    test('of a stream that fails leaves nothing and throws the error of the stream', async () => {
      const broken = async function* () {
        yield new Uint8Array(9 << 20)
        throw new RangeError('mine')
      }
      await assert.rejects(store.put('values/1', broken()), { constructor: RangeError, message: 'mine' })
      assert.deepEqual(await keysOf(store, { prefix: '' }), [])
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that is aborted leaves nothing', async () => {
      const controller = new AbortController()
      const endless = async function* () {
        yield new Uint8Array(9 << 20)
        controller.abort('enough')
        yield new Uint8Array(9 << 20)
      }
      const put = store.put('values/1', endless(), { signal: controller.signal })
      await assert.rejects(put, { constructor: AbortedError, cause: 'enough' })
      assert.deepEqual(await keysOf(store, { prefix: '' }), [])
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that the store refuses a part of leaves nothing', async () => {
      server.fault({ method: 'PUT', action: { status: 403, code: 'AccessDenied' } })
      await assert.rejects(store.put('values/1', repeat(new Uint8Array(1 << 20), 20)), AccessDeniedError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test('of a stream that says nothing any more ends when it is aborted, and when a part of it is refused', async () => {
      const silent = async function* () {
        for (let i = 0; i < 3; i++) yield new Uint8Array(9 << 20)
        await new Promise(() => undefined)
      }
      const put = store.put('values/1', silent(), { signal: AbortSignal.timeout(300) })
      await assert.rejects(put, { constructor: AbortedError })
      // More than one: a part of the one that was aborted may arrive late, and meet the first.
      server.fault({ method: 'PUT', action: { status: 403, code: 'AccessDenied' }, count: 10 })
      await assert.rejects(store.put('values/1', silent()), AccessDeniedError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    for (const action of ['drop-before', 'drop-after', 'cut-short'] as const) {
      test(`of a stream whose upload is begun twice (${action}) leaves no upload`, async () => {
        server.fault({ method: 'POST', action })
        await store.put('values/1', repeat(new Uint8Array(1 << 20), 20))
        assert.deepEqual(server.unfinishedUploads('bucket'), [])
      })

      test(`of a stream whose upload is completed twice (${action}) is done`, async () => {
        server.fault({ method: 'POST', skip: 1, action })
        const { etag } = await store.put('values/1', repeat(new Uint8Array(1 << 20), 20))
        const answer = await store.get('values/1')
        assert.ok(answer.status === 'found' && answer.body.length === 20 << 20)
        assert.equal(answer.etag, etag)
      })
    }

    test('of a stream that cannot even be begun leaves nothing', async () => {
      server.fault({ method: 'POST', action: 'drop-after', count: 5 })
      await assert.rejects(store.put('values/1', repeat(new Uint8Array(1 << 20), 20)), StoreError)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })
  })
})

async function* repeat(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < times; count++) yield chunk
}
