// One index file under a lock, as tools do it today: whoever writes takes the lock (an object made with If-None-Match), pulls the
// index (a JSON object of rows), merges its rows, pushes the index, and releases the lock. Who finds it taken polls. Plain, but
// fair: values are written before the lock is taken, polls start short, and nothing is lost.
import { createHash } from 'node:crypto'
import { type Ambient, systemAmbient } from '../../lib/ambient.ts'
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

export interface LockedRemoval {
  readonly paths: readonly string[]
  readonly limitMs: number
}

/** The lock was not free in time: nothing was written to the index. */
export class LockNotFree extends Error {
  override readonly name = 'LockNotFree'
}

/** Writes one value; resolves to how long it held the lock. Throws LockNotFree when that cannot be had in time. */
export async function writeTo(
  store: ObjectStore,
  at: LockedIndex,
  { path, value, limitMs }: LockedWrite,
  ambient: Ambient = systemAmbient,
): Promise<number> {
  const row = rowOf(value, ambient)
  await store.put(valueKeyOf(row), value)
  return underLock(store, { at, limitMs, ambient }, async () => {
    const index = await pull(store, at.index)
    index[path] = { ...row, version: (index[path]?.version ?? 0) + 1 }
    await push(store, at.index, index)
  })
}

/** Deletes values: from the index, and then from the store; resolves to how long it held the lock. Throws LockNotFree. */
export async function removeFrom(
  store: ObjectStore,
  at: LockedIndex,
  { paths, limitMs }: LockedRemoval,
  ambient: Ambient = systemAmbient,
): Promise<number> {
  return underLock(store, { at, limitMs, ambient }, async () => {
    const index = await pull(store, at.index)
    const gone = paths.map(path => index[path])
    for (const path of paths) delete index[path]
    await push(store, at.index, index)
    await store.delete(gone.flatMap(row => (row ? [valueKeyOf(row)] : [])))
  })
}

export const valueKeyOf = ({ sha256 }: Pick<IndexRow, 'sha256'>): string => `baseline/values/${sha256}`

/** An index of these rows, as if they had been written before. */
export async function prepare(
  store: ObjectStore,
  { index }: LockedIndex,
  rows: Iterable<readonly [path: string, row: IndexRow]>,
): Promise<void> {
  await push(store, index, Object.fromEntries(rows))
}

export function rowOf(value: Uint8Array, ambient: Ambient = systemAmbient): IndexRow {
  const sha256 = createHash('sha256').update(value).digest('hex')
  const modifiedAt = new Date(ambient.now()).toISOString()
  return { size: value.length, sha256, version: 1, author: 'bench@localhost', modifiedAt }
}

interface Holding {
  readonly at: LockedIndex
  readonly limitMs: number
  readonly ambient: Ambient
}

async function underLock(
  store: ObjectStore,
  { at, limitMs, ambient }: Holding,
  work: () => Promise<void>,
): Promise<number> {
  await takeLock(store, { at, limitMs, ambient })
  const heldFrom = ambient.monotonic()
  try {
    await work()
  } finally {
    await store.delete([at.lock])
  }
  return ambient.monotonic() - heldFrom
}

async function takeLock(store: ObjectStore, { at: { lock }, limitMs, ambient }: Holding): Promise<void> {
  const startedAt = ambient.monotonic()
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, SLOWEST_POLL_MS)) {
    try {
      await store.put(lock, Buffer.from(String(process.pid)), { condition: { ifNoneMatch: '*' } })
      return
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error
    }
    if (ambient.monotonic() - startedAt + pause > limitMs)
      throw new LockNotFree(`the lock was not free within ${limitMs} ms`)
    await ambient.sleep(pause * (0.75 + 0.5 * ambient.random()))
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
