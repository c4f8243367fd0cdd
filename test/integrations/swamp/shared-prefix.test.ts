// A datastore of swamp and a store of runlet in one bucket: side by side, one within the other, and where they cannot be told apart.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemAmbient as ambient } from '../../../lib/ambient.ts'
import { exportToSwamp } from '../../../lib/integrations/swamp/export/export.ts'
import { type Datastore, openDatastore } from '../../../lib/integrations/swamp/import/datastore.ts'
import { importSwamp } from '../../../lib/integrations/swamp/import/import.ts'
import { SharedPrefixError } from '../../../lib/integrations/swamp/import/problems.ts'
import { verifyImport } from '../../../lib/integrations/swamp/import/verify.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { type OpenNamespace, openNamespace } from '../../../lib/namespace/namespace.ts'
import { openStore } from '../../../lib/runlet.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { SwampDatastore } from '../../support/swamp-datastore.ts'

useTestCredentials()

interface Lying {
  /** The prefixes in a bucket. */
  readonly swamp: string
  readonly runlet: string
  /** Of swamp. */
  readonly namespace?: string
}

let server: S3Server
before(async () => {
  server = await startS3Server()
})
after(() => server.close())

let buckets = 0
/** Both have something already. */
async function inBucket(
  { swamp, runlet, namespace }: Lying,
  work: (namespace: OpenNamespace, datastore: Datastore, keys: () => string[]) => Promise<void>,
): Promise<void> {
  const bucket = `bucket-${++buckets}`
  const [theirs, ours] = [server.url(bucket, swamp), server.url(bucket, runlet)]
  const datastore = await openDatastore(theirs, { namespace, ambient, folder: '/' })
  const [objects, store] = await Promise.all([openObjectStore(ours, ambient, { folder: '/' }), openStore(ours)])
  try {
    await (await store.namespace('p', { create: true })).put('own', '1')
    await new SwampDatastore(datastore.store, namespace === undefined ? {} : { namespace }).push({
      'data/vm/web/1/raw': 'one',
    })
    const open = openNamespace(objects, parseNamespaceName('p'), ambient)
    await work(open, datastore, () => [...server.objects(bucket).keys()])
    await open.committer.idle()
  } finally {
    await Promise.all([datastore.store, objects, store].map(each => each.close()))
  }
}

const APART: Lying[] = [
  { swamp: 'swamp', runlet: 'runlet' },
  { swamp: 'swamp', runlet: 'swamp/runlet' },
  { swamp: '', runlet: 'runlet' },
  { swamp: 'swamp', runlet: '' },
  { swamp: 'swamp', runlet: 'swamp-2' },
  { swamp: 'swamp', runlet: 'swamp/runlet', namespace: 'team' },
]
const MIXED: Lying[] = [
  { swamp: 'same', runlet: 'same' },
  { swamp: '', runlet: '' },
  { swamp: 'same', runlet: 'same', namespace: 'team' },
  { swamp: 'swamp', runlet: 'swamp/team', namespace: 'team' },
  { swamp: 'runlet/ns/p', runlet: 'runlet' },
]
const told = ({ swamp, runlet, namespace }: Lying): string =>
  `at "${swamp}"${namespace === undefined ? '' : ` (${namespace})`} with runlet at "${runlet}"`

describe('a datastore', () => {
  for (const lying of APART) {
    test(`${told(lying)} is imported, verified and exported, without a key of runlet`, () =>
      inBucket(lying, async (namespace, datastore) => {
        const { files, notIndexed } = await importSwamp(namespace, datastore, { author: 'x' })
        assert.deepEqual([files, notIndexed], [1, 0])
        assert.equal((await verifyImport(namespace, datastore)).same, 1)
        assert.equal((await exportToSwamp(namespace, datastore, { author: 'x' })).files, 2)
      }))
  }

  for (const lying of MIXED) {
    test(`${told(lying)} is refused with the remedy, and nothing is written`, () =>
      inBucket(lying, async (namespace, datastore, keys) => {
        const was = keys()
        const refused = (error: unknown) =>
          error instanceof SharedPrefixError && /prefix of its own/.test(error.message)
        await assert.rejects(importSwamp(namespace, datastore, { author: 'x' }), refused)
        await assert.rejects(verifyImport(namespace, datastore), refused)
        await assert.rejects(exportToSwamp(namespace, datastore, { author: 'x' }), refused)
        assert.deepEqual(keys(), was)
      }))
  }
})
