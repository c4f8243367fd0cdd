// Writers at once, on virtual time: 1 to 64 processes that begin at the same moment, each with one write. Exact, and the same on every
// machine: two cores could not carry 64 processes that parse an index each, and what would be measured is the cores. Each cell is
// repeated with other seeds (other polls, other states of runlet's head), and its percentiles are over all of its writes.

import type { Network } from '../index/messages.ts'
import { LockNotFree } from '../locked-index.ts'
import type { Base } from './base.ts'
import { withMergeHolds } from './holds.ts'
import { requestsOf, SimulatedBucket } from './network.ts'
import { percentile } from './percentile.ts'
import { freshPath, isLocked, lockedWrite, PARENT, placeOf, runletWrite, type WayName } from './ways.ts'

export const NETWORK: Network = { latencyMs: 15, bytesPerSecond: 100e6 }
const SEEDS = 5
/** Writes before, so that the head is met in another state by each seed. */
const WRITES_A_SEED = 7

/** What came of some writes, all begun at once. */
export interface Cell {
  readonly way: WayName
  readonly rows: number
  readonly writers: number
  readonly writes: number
  readonly done: number
  /** Milliseconds from the start of a write until it was done or given up. */
  readonly p50: number
  readonly p99: number
  readonly holds: number
  readonly holdP50: number
  readonly holdMax: number
  /** Of one write, polls and upkeep included. */
  readonly requests: number
  readonly bytes: number
}

export interface Outcome {
  readonly ms: number
  readonly isDone: boolean
  /** Of today's lock. */
  readonly heldMs?: number | undefined
}

export async function simulateCell(base: Base, way: WayName, writers: number): Promise<Cell> {
  const contents = isLocked(way) ? await base.locked(way) : base.runlet
  const outcomes: Outcome[] = []
  const holds: number[] = []
  let [requests, bytes] = [0, 0]
  for (let seed = 1; seed <= SEEDS; seed++) {
    const bucket = new SimulatedBucket(contents, NETWORK, seed)
    if (!isLocked(way)) await warm(bucket, seed * WRITES_A_SEED)
    const work = () =>
      bucket.time.run(() => Promise.all(Array.from({ length: writers }, (_, i) => writeOf(bucket, way, i))))
    const { value, holds: merges } = await withMergeHolds(PARENT, work)
    outcomes.push(...value)
    holds.push(...merges, ...value.flatMap(({ heldMs }) => heldMs ?? []))
    requests += requestsOf(bucket.traffic)
    bytes += bucket.traffic.bytesUp + bucket.traffic.bytesDown
  }
  const each = writers * SEEDS
  return {
    way,
    rows: base.rows,
    writers,
    ...summaryOf(outcomes, holds),
    requests: requests / each,
    bytes: bytes / each,
  }
}

export function summaryOf(outcomes: readonly Outcome[], holds: readonly number[]) {
  const times = outcomes.map(({ ms }) => ms)
  return {
    writes: outcomes.length,
    done: outcomes.filter(({ isDone }) => isDone).length,
    p50: percentile(times, 50),
    p99: percentile(times, 99),
    holds: holds.length,
    holdP50: percentile(holds, 50),
    holdMax: percentile(holds, 100),
  }
}

async function warm(bucket: SimulatedBucket, writes: number): Promise<void> {
  await bucket.time.run(async () => {
    const { store } = bucket.process('before')
    const parent = await store.namespace(PARENT)
    for (let i = 0; i < writes; i++) await parent.put(`before/${i}`, `${i}`)
    await store.close()
  })
  bucket.forget()
}

/** One process, from its first request until its upkeep is done. */
async function writeOf(bucket: SimulatedBucket, way: WayName, writer: number): Promise<Outcome> {
  const hands = bucket.process(`writer-${writer}`)
  const place = placeOf(writer)
  const path = freshPath(place, writer)
  const startedAt = bucket.time.elapsed
  let heldMs: number | undefined
  let isDone = true
  try {
    if (isLocked(way)) heldMs = await lockedWrite(way, hands, place, path)
    else await runletWrite(way, await hands.store.namespace(PARENT), path)
  } catch (error) {
    if (!(error instanceof LockNotFree)) throw error
    isDone = false
  }
  const ms = bucket.time.elapsed - startedAt
  await hands.store.close()
  return { ms, isDone, heldMs }
}
