// Import and export on the S3 test server, and between places that are not one bucket.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { openDatastore } from '../../../lib/integrations/swamp/import/datastore.ts'
import { importSwamp } from '../../../lib/integrations/swamp/import/import.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { openNamespace } from '../../../lib/namespace/namespace.ts'
import { openStore } from '../../../lib/runlet.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { SwampDatastore } from '../../support/swamp-datastore.ts'
import { contents } from '../../support/world.ts'
import { swampOnS3 } from './on-s3.ts'

useTestCredentials()
const server = await startS3Server({ pageSize: 3 })
after(() => server.close())

swampOnS3('the test server', prefix => server.url('bucket', prefix))

const FILES = { 'data/a/1/raw': 'small', 'data/a/2/raw': 'large'.repeat(2_000) }

/** Imports from a bucket of the test server into the store at `url`. */
async function importInto(url: string, prefix: string) {
  const source = server.url('theirs', prefix)
  const objects = await openObjectStore(source, systemAmbient, { folder: '/' })
  await new SwampDatastore(objects).push(FILES)
  const target = await openObjectStore(url, systemAmbient, { folder: '/' })
  const datastore = await openDatastore(source, { namespace: undefined, ambient: systemAmbient, folder: '/' })
  const into = openNamespace(target, parseNamespaceName('p'), systemAmbient)
  const report = await importSwamp(into, datastore, { author: 'x' })
  assert.equal((await importSwamp(into, datastore, { author: 'x' })).seq, undefined)
  await into.committer.idle()
  const store = await openStore(url)
  const found = await contents(await store.namespace('p'))
  await Promise.all([objects, target, datastore.store, store].map(opened => opened.close()))
  return { report, found }
}

describe('an import from another place', () => {
  test('copies within the server from one bucket to another', async () => {
    const { report, found } = await importInto(server.url('ours', 'runlet'), 'a')
    assert.deepEqual(found, FILES)
    assert.deepEqual(report.copied, { files: 2, bytes: 10_005 })
    assert.ok(report.bytesUp < 8_000, `${report.bytesUp} bytes up`)
    assert.ok([...server.objects('ours').keys()].some(key => key.startsWith('runlet/ns/p/_/values/')))
  })

  test('copies into a file store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-'))
    try {
      const { report, found } = await importInto(`file:${folder}`, 'b')
      assert.deepEqual(found, FILES)
      assert.equal(report.copied.files, 2)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('asks for no object by itself: a listing page for every so many, and the index', async () => {
    const source = server.url('theirs', 'many')
    const objects = await openObjectStore(source, systemAmbient, { folder: '/' })
    await new SwampDatastore(objects).push(
      Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`data/${i}`, `${i}`])),
    )
    const datastore = await openDatastore(source, { namespace: undefined, ambient: systemAmbient, folder: '/' })
    const into = openNamespace(
      await openObjectStore(server.url('theirs', 'runlet'), systemAmbient, { folder: '/' }),
      parseNamespaceName('p'),
      systemAmbient,
    )
    server.reset()
    assert.equal((await importSwamp(into, datastore, { author: 'x' })).put, 30)
    await into.committer.idle()
    const asked = server.requests.filter(({ key }) => key.startsWith('many/data/'))
    assert.deepEqual(asked, [])
    assert.ok(server.requests.length < 40, `${server.requests.length} requests`)
    await Promise.all([objects, datastore.store, into.store].map(opened => opened.close()))
  })
})
