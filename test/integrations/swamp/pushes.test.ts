// The case that was reported: many swamp commands, each a process of its own, push one small file to one namespace at once. Today's tools
// have one of four succeed within a minute.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openStore } from '../../../lib/runlet.ts'
import { Fleet } from '../../support/fleet.ts'
import { type S3Server, startS3Server, useTestCredentials } from '../../support/s3-server.ts'
import { contents } from '../../support/world.ts'

useTestCredentials()

const PROCESSES = 16
const fileOf = (i: number) => `data/@acme/host/h-${i}/state/1/raw`

const fleet = new Fleet()
let server: S3Server
let folder: string
before(async () => {
  server = await startS3Server()
  folder = await mkdtemp(join(tmpdir(), 'runlet-swamp-pushes-'))
})
after(async () => {
  await fleet.end()
  await server.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

test(`${PROCESSES} processes that push a file each at once all succeed, and nobody's is lost`, async () => {
  const url = server.url('pushes')
  const store = await openStore(url)
  try {
    const namespace = await store.namespace('swamp', { create: true })
    const there = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`outputs/${i}.yaml`, `${i}`]))
    await namespace.commit(tx => {
      for (const [path, value] of Object.entries(there)) tx.put(path, value)
    })
    const pushed = Object.fromEntries(
      Array.from({ length: PROCESSES }, (_, i) => [fileOf(i), `${i}`.padEnd(1024, '.')]),
    )
    const workers = Object.entries(pushed).map(([relPath, content], i) =>
      fleet.start('swamp-push-worker', { store: url, cache: join(folder, `${i}`), relPath, content }),
    )
    await Promise.all(workers.map(worker => worker.hears('ready')))
    for (const worker of workers) worker.tell('push')
    for (const worker of workers) {
      assert.equal((await worker.hears('pushed')).files, 1)
      await worker.succeeds()
    }
    assert.deepEqual(await contents(namespace), { ...there, ...pushed })
  } finally {
    await store.close()
  }
})
