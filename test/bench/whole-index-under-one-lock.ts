// Today's way, as a baseline to compare with: a namespace is one index, a JSON object of all its rows; whoever writes takes the
// one lock (an object made with If-None-Match), pulls the index, merges its rows, pushes the index, and releases the lock. Who
// finds it taken polls. Plain, but fair: values are written before the lock is taken, polls start short, and nothing is lost.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PreconditionFailed } from '../../lib/errors.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { rowPath } from './parents.ts'

const LOCK = 'baseline/lock'
const INDEX = 'baseline/index.json'
const FIRST_POLL_MS = 20
const SLOWEST_POLL_MS = 1000

interface Row {
  readonly size: number
  readonly sha256: string
  readonly version: number
  readonly author: string
  readonly modifiedAt: string
}

type Index = Record<string, Row>

export interface LockedWrite {
  readonly path: string
  readonly value: Uint8Array
  /** How long to wait for the lock. */
  readonly limitMs: number
}

/** Writes one value. Throws when the lock cannot be had in time. */
export async function writeUnderLock(store: ObjectStore, { path, value, limitMs }: LockedWrite): Promise<void> {
  const row = rowOf(value)
  await store.put(`baseline/values/${row.sha256}`, value)
  await takeLock(store, limitMs)
  try {
    const index = await pull(store)
    index[path] = { ...row, version: (index[path]?.version ?? 0) + 1 }
    await push(store, index)
  } finally {
    await store.delete([LOCK])
  }
}

/** An index of so many rows, as if they had been written before. */
export async function prepareIndex(store: ObjectStore, rows: number): Promise<void> {
  const index: Index = {}
  for (let row = 0; row < rows; row++) index[rowPath(row)] = rowOf(Buffer.from(`{"row":${row}}`))
  await push(store, index)
}

async function takeLock(store: ObjectStore, limitMs: number): Promise<void> {
  const startedAt = performance.now()
  for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, SLOWEST_POLL_MS)) {
    try {
      await store.put(LOCK, Buffer.from(String(process.pid)), { condition: { ifNoneMatch: '*' } })
      return
    } catch (error) {
      if (!(error instanceof PreconditionFailed)) throw error
    }
    if (performance.now() - startedAt + pause > limitMs) throw new Error(`the lock was not free within ${limitMs} ms`)
    await sleep(pause * (0.75 + 0.5 * Math.random()))
  }
}

async function pull(store: ObjectStore): Promise<Index> {
  const answer = await store.get(INDEX)
  if (answer.status !== 'found') throw new Error('there is no index')
  return JSON.parse(Buffer.from(answer.body).toString())
}

async function push(store: ObjectStore, index: Index): Promise<void> {
  await store.put(INDEX, Buffer.from(JSON.stringify(index)))
}

function rowOf(value: Uint8Array): Row {
  const sha256 = createHash('sha256').update(value).digest('hex')
  return { size: value.length, sha256, version: 1, author: 'bench@localhost', modifiedAt: new Date().toISOString() }
}
