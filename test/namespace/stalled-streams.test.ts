// Values that come as a stream which says nothing any more: whoever gives up waiting for it is not kept.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { AbortedError, AccessDeniedError } from '../../lib/errors.ts'
import { type Namespace, openStore, type Store } from '../../lib/runlet.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../support/s3-server.ts'

useTestCredentials()

describe('a stream that says nothing any more', () => {
  let server: S3Server
  let store: Store
  let namespace: Namespace
  before(async () => {
    server = await startS3Server()
    store = await openStore(server.url('bucket'))
    namespace = await store.namespace('main', { create: true })
  })
  after(async () => {
    await store.close()
    await server.close()
  })

  async function* silentAfter(...chunks: number[]) {
    for (const size of chunks) yield new Uint8Array(size)
    await new Promise(() => undefined)
  }

  for (const [what, chunks] of [
    ['at once', []],
    ['after a little', [100]],
    ['after much', [9 << 20, 9 << 20]],
  ] as const) {
    test(`${what} is given up with the signal, and leaves nothing`, async () => {
      const signal = AbortSignal.timeout(300)
      await assert.rejects(namespace.put('a', silentAfter(...chunks), { signal }), AbortedError)
      assert.equal(await namespace.get('a'), undefined)
      assert.deepEqual(server.unfinishedUploads('bucket'), [])
    })

    test(`${what}, within a transaction, is given up with the signal`, async () => {
      const signal = AbortSignal.timeout(300)
      const committing = namespace.commit(tx => void tx.put('a', silentAfter(...chunks)), { signal })
      await assert.rejects(committing, AbortedError)
    })
  }

  test('is not waited for when its upload fails', async () => {
    // More than one: a part of one that was aborted before may arrive late, and meet the first.
    server.fault({ method: 'PUT', action: { status: 403, code: 'AccessDenied' }, count: 10 })
    await assert.rejects(namespace.put('a', silentAfter(9 << 20, 9 << 20, 9 << 20)), AccessDeniedError)
    assert.deepEqual(server.unfinishedUploads('bucket'), [])
  })
})
