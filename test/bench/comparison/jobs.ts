// What the measured processes of the comparison do: one write by one of the ways, and the index files of today's tools as they are before
// it. Runs in the worker of the index benchmark (index/worker.ts).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemAmbient } from '../../../lib/ambient.ts'
import { openStore } from '../../../lib/runlet.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { indexRows } from '../index/index-rows.ts'
import { type IndexRow, LockNotFree, prepare } from '../locked-index.ts'
import { withMergeHolds } from './holds.ts'
import {
  freshPath,
  isLocked,
  type LockedWay,
  lockedIndexesOf,
  lockedWrite,
  PARENT,
  placeOf,
  runletWrite,
  type WayName,
} from './ways.ts'

export type ComparisonJob =
  /** A first request, with which the SDK comes: to load 64 of them would be all that two cores do, whatever the way. */
  | { readonly kind: 'comparison ready' }
  /** Puts all index files of a way. */
  | { readonly kind: 'comparison base'; readonly way: LockedWay; readonly rows: number }
  /** The `nth` write of all to this store, by one of several writers. */
  | { readonly kind: 'comparison write'; readonly way: WayName; readonly writer: number; readonly nth: number }

export interface ComparisonJobDone {
  /** How many writes were done; 0 when the lock was not free in time. */
  readonly done: number
  /** The longest hold of today's lock, or of the merge lease. */
  readonly heldMs: number
}

type Metering = <T>(work: () => Promise<T>) => Promise<T>

const NOTHING: ComparisonJobDone = { done: 0, heldMs: 0 }

export async function performComparisonJob(
  url: string,
  job: ComparisonJob,
  meter: Metering,
): Promise<ComparisonJobDone> {
  if (job.kind === 'comparison ready') {
    const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
    await objects.get('not there')
    await objects.close()
    return NOTHING
  }
  const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
  if (job.kind === 'comparison base') {
    await putBase(objects, job.way, job.rows)
    return NOTHING
  }
  const { way, writer, nth } = job
  const cache = await mkdtemp(join(tmpdir(), 'runlet-comparison-cache-'))
  process.env.RUNLET_CACHE = cache
  const store = await openStore(url, { author: 'bench' })
  const path = freshPath(placeOf(writer), nth)
  const write = async () => {
    if (isLocked(way)) return lockedWrite(way, { objects, store, ambient: systemAmbient }, placeOf(writer), path)
    await runletWrite(way, await store.namespace(PARENT), path)
    return 0
  }
  try {
    // A lease is given back when the write is done already, in the background.
    const { value, holds } = await withMergeHolds(PARENT, () => meter(write).finally(() => store.close()))
    return { done: 1, heldMs: Math.max(value, ...holds) }
  } catch (error) {
    if (!(error instanceof LockNotFree)) throw error
    return NOTHING
  } finally {
    await objects.close()
    await rm(cache, { recursive: true, force: true })
  }
}

async function putBase(objects: ObjectStore, way: LockedWay, rows: number): Promise<void> {
  for (const { at, model, every, from } of lockedIndexesOf(way)) {
    await prepare(objects, at, everyNth(indexRows(rows, model), every, from))
  }
  await objects.close()
}

function* everyNth(rows: Iterable<[string, IndexRow]>, every: number, from: number): Generator<[string, IndexRow]> {
  let nth = 0
  for (const row of rows) if (nth++ % every === from) yield row
}
