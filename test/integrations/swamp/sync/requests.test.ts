// What a sync costs at the store, as it travels: whatever the namespace holds, a sync costs what changed.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { SyncOptions } from '../../../../lib/integrations/swamp/sync/contract.ts'
import { createSyncService } from '../../../../lib/integrations/swamp/sync/service.ts'
import { openStore } from '../../../../lib/runlet.ts'
import { summarize } from '../../../support/s3-server/request-log.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../../support/s3-server.ts'
import { CONTROL_PLANE } from './world.ts'

useTestCredentials()

const ROWS = 20_000
const IN_MODEL = 'data/aws/ec2/i-7/d/latest'
/** How the caches were filled, and are kept in step. */
const CACHES: Record<string, SyncOptions> = {
  lazy: { metadataOnly: true },
  scoped: { context: { models: [{ modelType: 'aws/ec2', modelId: 'i-7' }] } },
}

let server: S3Server
let folder: string
const closing: (() => Promise<unknown>)[] = []

before(async () => {
  server = await startS3Server()
  folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-requests-'))
  const store = await openStore(server.url('bucket'))
  const namespace = await store.namespace('swamp', { create: true })
  await namespace.commit(tx => {
    for (let i = 0; i < ROWS; i++) tx.put(`data/aws/ec2/i-${i % 100}/d/${i}/raw`, String(i))
    tx.put(IN_MODEL, '1')
  })
  await store.close()
})

after(async () => {
  for (const close of closing) await close()
  await server.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** A new process on a cache. It asks nothing for being opened. */
async function aProcess(cache: string) {
  const store = await openStore(server.url('bucket'))
  const cachePath = join(folder, cache)
  const open = () => store.namespace('swamp', { assumeExists: true })
  const about = { open, list: async () => [], cachePath, controlPlane: () => CONTROL_PLANE }
  const service = createSyncService(about)
  closing.push(async () => {
    await service.dispose()
    await store.close()
  })
  const edit = async (relPath: string, value: string) => {
    await service.markDirty({ relPath })
    await mkdir(dirname(join(cachePath, relPath)), { recursive: true })
    await writeFile(join(cachePath, relPath), value)
  }
  return { service, edit }
}

/** The requests of some work, and what they carried. */
async function costOf(work: () => Promise<number>) {
  const from = server.requests.length
  const files = await work()
  const { requests, bytesUp, bytesDown } = summarize(server.requests.slice(from))
  return { files, requests, bytes: bytesUp + bytesDown }
}

/** Somebody else pushes a file. */
async function others(path: string): Promise<void> {
  const store = await openStore(server.url('bucket'))
  await (await store.namespace('swamp')).put(path, 'theirs')
  await store.close()
}

const KIB = '.'.repeat(1024)

describe('of a namespace with many files', () => {
  before(async () => {
    for (const [cache, options] of Object.entries(CACHES)) {
      const { service } = await aProcess(cache)
      assert.equal(await service.pullChanged(options), cache === 'lazy' ? 1 : ROWS / 100 + 1)
      assert.equal(await service.pushChanged(), 0)
    }
  })

  for (const [cache, options] of Object.entries(CACHES)) {
    test(`a pull and a push of nothing is one request (${cache})`, async () => {
      await (await aProcess(cache)).service.pullChanged(options)
      const [pulling, pushing] = [await aProcess(cache), await aProcess(cache)]
      const pull = await costOf(() => pulling.service.pullChanged(options))
      assert.deepEqual([pull.files, pull.requests], [0, 1])
      const push = await costOf(() => pushing.service.pushChanged(options))
      assert.equal(push.files, 0)
      assert.ok(push.requests <= 1, `${push.requests} requests`)
      const again = await costOf(() => pulling.service.pushChanged(options))
      assert.ok(again.requests <= 1, `${again.requests} requests`)
    })

    test(`a push of one marked file is at most 3 requests and 128 KiB, from new processes (${cache})`, async () => {
      for (const path of [IN_MODEL, `data/aws/ec2/i-7/d/new-${cache}`, IN_MODEL]) {
        const { service, edit } = await aProcess(cache)
        await edit(path, `${cache} ${path} ${server.requests.length} ${KIB}`)
        const { files, requests, bytes } = await costOf(() => service.pushChanged(options))
        assert.equal(files, 1)
        assert.ok(requests <= 3 && bytes <= 128 * 1024, `${requests} requests, ${bytes} bytes`)
        await service.pullChanged(options)
      }
    })

    test(`and also when others have pushed since (${cache})`, async () => {
      await others(`data/aws/ec2/i-8/others-${cache}`)
      const { service, edit } = await aProcess(cache)
      await edit(IN_MODEL, `${cache} after others ${KIB}`)
      const { files, requests, bytes } = await costOf(() => service.pushChanged(options))
      assert.equal(files, 1)
      assert.ok(requests <= 3 && bytes <= 128 * 1024, `${requests} requests, ${bytes} bytes`)
      await service.pullChanged(options)
    })
  }

  test('two phases cost no more than one', async () => {
    const { service, edit } = await aProcess('lazy')
    await service.pullChanged(CACHES.lazy)
    await edit('outputs/o', KIB)
    let manifest: unknown
    const prepare = await costOf(async () => {
      manifest = await service.preparePush()
      return 0
    })
    assert.equal(prepare.requests, 0)
    const commit = await costOf(() => service.commitPush(manifest))
    assert.deepEqual([commit.files, commit.requests], [1, 1])
  })

  test('a push from a cache that was never filled costs a look at what it pushes', async () => {
    const { service, edit } = await aProcess('empty')
    await edit('data/aws/ec2/i-7/d/from-nowhere', KIB)
    const { files, requests, bytes } = await costOf(() => service.pushChanged())
    assert.equal(files, 1)
    assert.ok(requests <= 5 && bytes <= 512 * 1024, `${requests} requests, ${bytes} bytes`)
  })
})
