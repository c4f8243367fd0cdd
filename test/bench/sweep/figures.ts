// What was measured of the sweep and of retention, as plain data, and how it is judged: against targets in requests, bytes and memory,
// and against growing with the rows of a namespace that nothing happened to.
import type { Cost, Stored } from '../index/messages.ts'

/** What a sweep costs may grow by no more than this from a thousand rows to 262,000. */
export const MOST_GROWTH = 1.5
const MOST_MEMORY = 200_000_000
const KIB = 1024

export type Measure = 'requests' | 'bytes' | 'peakBytes'

export interface Operation {
  readonly title: string
  /** `bytes` are those up and down; requests and bytes are for each unit (a run). */
  readonly target: Readonly<Partial<Record<Measure, number>>>
  /** `shards`: only the requests may not grow. What a row named stands in a shard, which is read whole, and full only in a large namespace. */
  readonly growth: 'flat' | 'shards' | 'free'
}

const SWEEP = { peakBytes: MOST_MEMORY }
/** Of the sweep that finds seven rows, and the one that deletes them, together. */
const SEVEN = { ...SWEEP, requests: 40, bytes: 96 * KIB }
/** The same where each lies in a shard of its own. */
const SEVEN_APART = { ...SWEEP, requests: 70, bytes: 1024 * KIB }

export const OPERATIONS = {
  first: { title: 'first sweep of a store with a history', target: SWEEP, growth: 'flat' },
  nothing: { title: 'sweep, nothing to do', target: { ...SWEEP, requests: 12, bytes: 64 * KIB }, growth: 'flat' },
  'near deleted': { title: '7 neighbours deleted, both sweeps', target: SEVEN, growth: 'flat' },
  'near overwritten': { title: '7 neighbours overwritten, both sweeps', target: SEVEN, growth: 'shards' },
  'far deleted': { title: '7 rows of 7 models deleted, both sweeps', target: SEVEN_APART, growth: 'free' },
  'first orphans': { title: 'first look for orphans, once: all that there is', target: SWEEP, growth: 'free' },
  orphans: {
    title: 'look for orphans a day later, 7 rows of 7 models written and 7 lost',
    target: SEVEN_APART,
    growth: 'shards',
  },
  locked: { title: 'today: 7 rows deleted, whole index under a lock', target: {}, growth: 'free' },
} as const satisfies Record<string, Operation>

export const LARGE = {
  'folded noted': { title: '1,000 folded runs: noted', target: { ...SWEEP, requests: 1 }, growth: 'free' },
  'folded emptied': { title: '1,000 folded runs: emptied', target: { ...SWEEP, requests: 10 }, growth: 'free' },
  'left folded': { title: '100 runs of dead owners: folded', target: { ...SWEEP, requests: 30 }, growth: 'free' },
  'left discarded': { title: '100 runs of dead owners: discarded', target: { ...SWEEP, requests: 16 }, growth: 'free' },
  'left emptied': { title: '200 runs that a sweep ended: emptied', target: { ...SWEEP, requests: 10 }, growth: 'free' },
  'retain few': { title: 'retention: 7 rows go', target: SWEEP, growth: 'free' },
  'retain most': { title: 'retention: most rows go', target: SWEEP, growth: 'free' },
  'retain group': { title: 'retention, dry run: all rows weighed against each other', target: SWEEP, growth: 'free' },
  'most found': { title: 'sweep after it: found', target: SWEEP, growth: 'free' },
  'most deleted': { title: 'sweep after it: deleted', target: SWEEP, growth: 'free' },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof OPERATIONS | keyof typeof LARGE

const ALL: Readonly<Record<OperationName, Operation>> = { ...OPERATIONS, ...LARGE }

export const operationOf = (name: OperationName): Operation => ALL[name]

export interface Figure {
  readonly operation: OperationName
  /** Of the namespace. */
  readonly rows: number
  /** All that arrived at the server. */
  readonly cost: Cost
  readonly peakBytes: number
  /** What it is about: runs. 1 when it is about none. */
  readonly units: number
  readonly removed: Stored
  readonly trace: readonly string[]
}

export function amountOf({ cost, peakBytes, units }: Figure, measure: Measure): number {
  if (measure === 'peakBytes') return peakBytes
  return (measure === 'requests' ? cost.requests : cost.bytesUp + cost.bytesDown) / units
}

export interface Miss {
  readonly text: string
  readonly trace: readonly string[]
}

export function missesOf(figure: Figure): Miss[] {
  const { title, target } = operationOf(figure.operation)
  return Object.entries(target).flatMap(([measure, limit]) => {
    const measured = amountOf(figure, measure as Measure)
    if (measured <= limit) return []
    const each = figure.units > 1 && measure !== 'peakBytes' ? ' each' : ''
    const text = `${title}, ${figure.rows.toLocaleString('en-US')} rows: ${rounded(measured)} ${measure}${each}, not ${limit}`
    return [{ text, trace: measure === 'peakBytes' ? [] : figure.trace }]
  })
}

export function growthMisses(figures: readonly Figure[]): Miss[] {
  return figures.flatMap(large => {
    const small = figures.find(({ operation, rows }) => operation === large.operation && rows < large.rows)
    if (!small || operationOf(large.operation).growth === 'free') return []
    const { growth: allowed } = operationOf(large.operation)
    const measures = allowed === 'shards' ? (['requests'] as const) : (['requests', 'bytes'] as const)
    return measures.flatMap(measure => {
      const growth = amountOf(large, measure) / amountOf(small, measure)
      if (growth <= MOST_GROWTH) return []
      const text = `${operationOf(large.operation).title}: ${rounded(growth)} times the ${measure} at ${large.rows.toLocaleString('en-US')} rows, not ${MOST_GROWTH}`
      return [{ text, trace: large.trace }]
    })
  })
}

export const rounded = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 2 })
