// The doctor finds nothing wrong with a sound store of each kind, touches nothing else in it, and leaves nothing behind.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { examine } from '../../../lib/store/doctor.ts'
import { openFileStore } from '../../../lib/store/file/file-store.ts'
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import { openS3Store, type S3Store } from '../../../lib/store/s3/s3-store.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { assertHealthy, checkOf, examineFromThreads, hurried, keysIn } from './support.ts'

describe('the doctor finds nothing wrong with', () => {
  test('a memory store, and leaves it empty', async () => {
    const store = new MemoryStore()
    assertHealthy(await examine(store, systemAmbient))
    assert.deepEqual(await keysIn(store), [])
  })

  test('a file store, and leaves it empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runlet-doctor-'))
    try {
      const store = await openFileStore(folder)
      const report = await examineFromThreads(store.url)
      assertHealthy(report)
      assert.match(checkOf(report, 'swap race').detail, /^32 increments by 8 at once are all there/)
      assert.deepEqual(await keysIn(store), [])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('a store in use, and touches nothing in it', async () => {
    const bucket = new MemoryBucket()
    const store = new MemoryStore({ bucket })
    await store.put('ns/a/_/head', new Uint8Array([1]))
    const before = new Map(bucket.objects)
    assertHealthy(await examine(store, systemAmbient))
    assert.deepEqual(bucket.objects, before)
  })

  test('a store, telling of each check as it is settled', async () => {
    const lines: string[] = []
    const report = await examine(new MemoryStore(), systemAmbient, { onProgress: line => lines.push(line) })
    assert.deepEqual(
      lines,
      report.checks.map(({ name, ok, detail }) => `${ok ? 'ok' : 'advice'} ${name}: ${detail}`),
    )
  })
})

describe('on S3 the doctor finds nothing wrong with', () => {
  useTestCredentials()
  let server: S3Server
  let store: S3Store
  before(async () => {
    server = await startS3Server({ pageSize: 10, raggedPages: true })
    store = await openS3Store(server.url('bucket', 'some/prefix'))
  })
  after(() => Promise.all([store.close(), server.close()]))

  test('a store whose pages are ragged, tried from several threads, and leaves it empty', async () => {
    const report = await examineFromThreads(store.url)
    assertHealthy(report)
    assert.match(checkOf(report, 'create race').detail, /\(4 threads\)$/)
    assert.match(checkOf(report, 'read after write').detail, /from 4 threads$/)
    const { figures } = checkOf(report, 'round trip')
    assert.ok((figures?.worstPutMs ?? 0) >= (figures?.putMs ?? 0) && (figures?.putMs ?? 0) > 0)
    assert.ok((checkOf(report, 'write rate to one key').figures?.swapsPerSecond ?? 0) > 1)
    assert.equal(server.objects('bucket').size, 0)
    assert.deepEqual(server.unfinishedUploads('bucket'), [])
  })

  test('answers that are lost, and takes none for a lost race', async () => {
    server.fault({ method: 'PUT', key: /race/, action: 'drop-after', skip: 3, count: 12 })
    assertHealthy(await examine(store, hurried))
    server.reset({ objects: true })
  })
})
