// What the comparison found, as plain data: what is kept, shown and plotted.
import type { Network } from '../index/messages.ts'
import type { Lived } from './day.ts'
import { type Cell, NETWORK, summaryOf } from './matrix.ts'
import type { Traffic } from './network.ts'
import { percentile } from './percentile.ts'
import { type Bill, billOf } from './prices.ts'
import type { WayName } from './ways.ts'

/** Rows of the index, and writers at once, of everything that is compared, simulated or real. */
export const SIZES: readonly number[] = [1_000, 10_000, 262_000]
export const WRITERS: readonly number[] = [1, 4, 8, 16, 32, 64]

/** The index of the reported case, in today's form. */
export const REPORTED_INDEX_BYTES = 110e6
/** The median of the reported holds is 94 to 102 s; in this time the index goes down and up once. */
const REPORTED_HOLD_S = 98

/** A day is simulated within a region, and on the link that the reported holds imply. */
export const DAY_NETWORKS = {
  region: NETWORK,
  reported: { latencyMs: NETWORK.latencyMs, bytesPerSecond: (2 * REPORTED_INDEX_BYTES) / REPORTED_HOLD_S },
} as const satisfies Record<string, Network>
export type DayNetwork = keyof typeof DAY_NETWORKS

/** How often something was due, and done, and what it took when it was tried. */
export interface Share {
  readonly due: number
  readonly done: number
  readonly p50: number
  readonly p99: number
}

export interface DayFigures extends Share {
  readonly way: WayName
  readonly network: DayNetwork
  /** Due, and not even tried: the start before went on still. */
  readonly skipped: number
  readonly kinds: Readonly<Record<string, Share>>
  readonly holdP50: number
  readonly holdMax: number
  readonly traffic: Traffic
  readonly storedBytes: number
  readonly bill: Bill
}

export function figuresOfDay(way: WayName, network: DayNetwork, lived: Lived): DayFigures {
  const { due, outcomes, holds, traffic, storedBytes } = lived
  const kinds = Object.entries(outcomes).map(([kind, all]) => {
    const { done, p50, p99 } = summaryOf(all, [])
    return [kind, { due: due[kind as keyof typeof due], done, p50, p99 }] as const
  })
  const { writes, done, p50, p99 } = summaryOf(Object.values(outcomes).flat(), [])
  const allDue = Object.values(due).reduce((a, b) => a + b)
  return {
    way,
    network,
    due: allDue,
    done,
    skipped: allDue - writes,
    p50,
    p99,
    kinds: Object.fromEntries(kinds),
    holdP50: percentile(holds, 50),
    holdMax: percentile(holds, 100),
    traffic,
    storedBytes,
    bill: billOf(traffic, storedBytes),
  }
}

/** An index in the two forms. */
export interface IndexSize {
  readonly rows: number
  readonly lockedBytes: number
  readonly runletBytes: number
}

/** Where it was measured; the load is the average of the five minutes before the processes began. */
export interface Machine {
  readonly cores: number
  readonly load: number
}

export interface Results {
  readonly machine: Machine
  readonly sizes: readonly IndexSize[]
  /** On virtual time. */
  readonly matrix: readonly Cell[]
  /** Real processes on the counting S3 server. */
  readonly s3: readonly Cell[]
  /** Undefined when Ceph is not installed. */
  readonly ceph: readonly Cell[] | undefined
  readonly days: readonly DayFigures[]
}
