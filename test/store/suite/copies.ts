// Reading the version that is meant, reading what lies elsewhere in the bucket, and copying by the server: what stands on objects of others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../lib/names.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { connect } from '../../../lib/store/s3/connection.ts'
import { copy } from '../../../lib/store/s3/copy.ts'
import { parseS3Url } from '../../../lib/store/s3/s3-url.ts'
import { entriesOf, found, type Place, text, textAt } from './support.ts'

const MIB = 1024 * 1024

export function copySuite(aPlace: Place): void {
  test('a read that means a version gets that one, or hears that the object changed', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('0123456789'))
    assert.equal(String(Buffer.from((await found(store, key, { ifMatch: etag })).body)), '0123456789')
    const part = await found(store, key, { ifMatch: etag, range: { start: 2, end: 4 } })
    assert.equal(String(Buffer.from(part.body)), '234')
    await store.put(key, text('another'))
    assert.deepEqual(await store.get(key, { ifMatch: etag }), { status: 'changed' })
    assert.deepEqual(await store.get(key, { ifMatch: etag, range: { start: 2, end: 4 } }), { status: 'changed' })
    await store.delete([key])
    assert.deepEqual(await store.get(key, { ifMatch: etag }), { status: 'missing' })
  })

  test('a listing that says versions says those that reads and writes say', async () => {
    const { store, prefix } = aPlace()
    const { etag } = await store.put(`${prefix}a`, text('one'))
    for (const entry of await entriesOf(store, { prefix })) {
      assert.equal(entry.kind, 'object')
      if (entry.kind === 'object' && entry.etag !== undefined) assert.equal(entry.etag, etag)
    }
  })

  test('a key of the whole bucket is read, whatever the prefix of the store', async () => {
    const { store, prefix } = aPlace()
    const { etag } = await store.put(`${prefix}a b/ä+%`, text('one'))
    const absolute = store.kind === 's3' ? `/${parseS3Url(store.url).prefix}/${prefix}a b/ä+%` : undefined
    if (absolute !== undefined) {
      assert.equal(await textAt(store, absolute), 'one')
      assert.deepEqual(await store.get(absolute, { ifMatch: 'x' as Etag }), { status: 'changed' })
      assert.equal((await store.get(absolute, { ifMatch: etag })).status, 'found')
    }
    assert.deepEqual(await store.get('/nothing/there'), { status: 'missing' })
  })

  test('a store copies within itself only the version that is meant, or says that it cannot copy', async () => {
    const { store, prefix } = aPlace()
    const can = store.canCopyFrom?.(store.url) ?? false
    assert.equal(can, store.kind === 's3')
    if (can) await copiesWithin(store, prefix)
  })

  test('a store that can copy copies what is too large for one request in parts', async () => {
    const { store, prefix } = aPlace()
    if (store.kind === 's3') await copiesInParts(store, prefix)
    else assert.equal(store.copy, undefined)
  })
}

async function copiesWithin(store: ObjectStore, prefix: string): Promise<void> {
  const key = `${prefix}dir ä/from+%&?`
  const { etag } = await store.put(key, text('one'))
  const source = { url: store.url, key, size: 3, etag }
  const copied = await store.copy?.(source, `${prefix}to`)
  assert.equal(copied?.status, 'copied')
  assert.equal(await textAt(store, `${prefix}to`), 'one')
  assert.equal(copied?.status === 'copied' && copied.etag, (await found(store, `${prefix}to`)).etag)
  await store.put(key, text('two'))
  assert.deepEqual(await store.copy?.(source, `${prefix}to`), { status: 'changed' })
  const left = await store.get(`${prefix}to`)
  if (left.status !== 'missing') assert.equal(await textAt(store, `${prefix}to`), 'one')
  await store.delete([key])
  assert.deepEqual(await store.copy?.(source, `${prefix}to`), { status: 'missing' })
  await assert.rejects(
    async () => store.copy?.({ ...source, url: `s3://no-such-bucket-here${new URL(store.url).search}` }, `${prefix}to`),
    { code: 'ERR_RUNLET_STORE' },
  )
}

async function copiesInParts(store: ObjectStore, prefix: string): Promise<void> {
  const bytes = Buffer.alloc(12 * MIB + 17, 'all work and no play ')
  const key = `${prefix}large`
  const { etag } = await store.put(key, bytes)
  const connection = await connect(parseS3Url(store.url))
  try {
    const inParts = { mostAtOnce: MIB, partBytes: 5 * MIB }
    const source = { url: store.url, key, size: bytes.length, etag }
    assert.equal((await copy(connection, source, `${prefix}copy`, inParts)).status, 'copied')
    assert.ok(bytes.equals((await found(store, `${prefix}copy`)).body))
    await store.put(key, text('other'))
    assert.deepEqual(await copy(connection, source, `${prefix}second`, inParts), { status: 'changed' })
    assert.deepEqual(await store.get(`${prefix}second`), { status: 'missing' })
    assert.deepEqual(await store.abortUploads?.({ prefix }), [])
  } finally {
    connection.close()
  }
}
