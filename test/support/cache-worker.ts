// One process of test/store/disk-cache.test.ts: reads immutable objects through a cache on disk that it shares with others, until it has
// read each of them many times; or breaks and trims what lies there, until it is told to stop.
import { readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemAmbient } from '../../lib/ambient.ts'
import { CachedStore } from '../../lib/store/cached-store.ts'
import { DiskCache } from '../../lib/store/disk-cache.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import { done, jobOf, told } from './worker.ts'

interface Job {
  readonly place: string
  readonly store: string
  readonly names: readonly string[]
  readonly breaks: boolean
}

const ROUNDS = 15
const job = jobOf<Job>()
// Room for a third of what is read, so that a trim has something to do.
const cache = new DiskCache(job.place, 70_000, systemAmbient)

async function read(): Promise<void> {
  const store = new CachedStore(await openFileStore(job.store), cache, () => true)
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of job.names) {
      const answer = await store.get(name)
      const body = answer.status === 'found' ? Buffer.from(answer.body).toString() : answer.status
      if (body !== name.repeat(500)) throw new Error(`"${name}" was read as ${body.slice(0, 100)}`)
    }
  }
  await store.close()
}

/** Cuts entries short, writes over them, and trims, one after the other. */
async function vandalise(): Promise<void> {
  let stopped = false
  void told('stop').then(() => {
    stopped = true
  })
  for (let i = 0; !stopped; i++) {
    const found = await readdir(job.place, { recursive: true, withFileTypes: true }).catch(() => [])
    const entries = found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
    const victim = entries[i % Math.max(1, entries.length)]
    if (victim && i % 3 === 0) await truncate(victim, 100).catch(() => undefined)
    if (victim && i % 3 === 1) await writeFile(victim, 'x'.repeat(5000)).catch(() => undefined)
    if (i % 3 === 2) await cache.trim().catch(() => undefined)
  }
}

await (job.breaks ? vandalise() : read())
done()
