// One index file under a lock, as tools do it today: whoever writes takes the lock (an object made with If-None-Match), pulls the
// index (a JSON object of rows), merges its rows, pushes the index, and releases the lock. Who finds it taken polls. Plain, but
// fair: values are written before the lock is taken, polls start short, and nothing is lost.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PreconditionFailed } from '../../lib/errors.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'

const FIRST_POLL_MS = 20
const SLOWEST_POLL_MS = 1000

export interface IndexRow {
  readonly size: number
  readonly sha256: string
  readonly version: number
  readonly author: string
  readonly modifiedAt: string
}

/** The keys of a lock and of the index that it guards. */
export interface LockedIndex {
  readonly lock: string
  readonly index: string
}

export interface LockedWrite {
  readonly path: string
  readonly value: Uint8Array
  /** How long to wait for the lock. */
  readonly limitMs: number
}

/** Writes one value. Throws when the lock cannot be had in time. */
export async function writeTo(
  store: ObjectStore,
  { lock, index: key }: LockedIndex,
  { path, value, limitMs }: LockedWrite,
): Promise<void> {
  const row = rowOf(value)
  await store.put(`baseline/values/${row.sha256}`, value)
  await takeLock(store, lock, limitMs)
  try {
    const index = await pull(store, key)
    index[path] = { ...row, version: (index[path]?.version ?? 0) + 1 }
    await push(store, key, index)
  } finally {
    await store.delete([lock])
  }
}

/** Deletes values: from the index, and then from the store. Throws when the lock cannot be had in time. */
export async function removeFrom(
  store: ObjectStore,
  { lock, index: key }: LockedIndex,
  { paths, limitMs }: { paths: readonly string[]; limitMs: number },
): Promise<void> {
  await takeLock(store, lock, limitMs)
  try {
    const index = await pull(store, key)
    const gone = paths.map(path => index[path])
    for (const path of paths) delete index[path]
    await push(store, key, index)
    await store.delete(gone.flatMap(row => (row ? [`baseline/values/${row.sha256}`] : [])))
  } finally {
    await store.delete([lock])
  }
}

/** An index of these rows, as if they had been written before. */
export async function prepare(
  store: ObjectStore,
  { index }: LockedIndex,
  rows: Iterable<readonly [path: string, row: IndexRow]>,
): Promise<void> {
  await push(store, index, Object.fromEntries(rows))
}

export function rowOf(value: Uint8Array): IndexRow {
  const sha256 = createHash('sha256').update(value).digest('hex')
  return { size: value.length, sha256, version: 1, author: 'bench@localhost', modifiedAt: new Date().toISOString() }
}

async function takeLock(store: ObjectStore, lock: string, limitMs: number): Promise<void> {
  const startedAt = performance.now()
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, SLOWEST_POLL_MS)) {
    try {
      await store.put(lock, Buffer.from(String(process.pid)), { condition: { ifNoneMatch: '*' } })
      return
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error
    }
    if (performance.now() - startedAt + pause > limitMs) throw new Error(`the lock was not free within ${limitMs} ms`)
    await sleep(pause * (0.75 + 0.5 * Math.random()))
  }
}

async function pull(store: ObjectStore, key: string): Promise<Record<string, IndexRow>> {
  const answer = await store.get(key)
  if (answer.status !== 'found') throw new Error(`there is no index "${key}"`)
  return JSON.parse(Buffer.from(answer.body).toString())
}

async function push(store: ObjectStore, key: string, index: Record<string, IndexRow>): Promise<void> {
  await store.put(key, Buffer.from(JSON.stringify(index)))
}
