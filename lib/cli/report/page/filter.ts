// Which runs are shown, and in which order. Pure.
import type { PageRun, RunFate } from '../page-data.ts'
import { spanOf } from './segments.ts'

export type Order = 'newest' | 'oldest' | 'longest'

export interface Filter {
  readonly text: string
  readonly hidden: ReadonlySet<RunFate>
  /** Runs that were there at some time of it; undefined: all. */
  readonly time: readonly [from: number, to: number] | undefined
  readonly order: Order
}

export function shownRuns(runs: readonly PageRun[], { text, hidden, time, order }: Filter, now: number): PageRun[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = runs.filter(run => {
    if (hidden.has(run.fate)) return false
    const [from, to] = spanOf(run, now)
    if (time && (to < time[0] || from > time[1])) return false
    const said = `${run.id} ${run.label} ${run.owner ?? ''} ${run.fate}`.toLowerCase()
    return words.every(word => said.includes(word))
  })
  return shown.sort(ORDERS[order](now))
}

type Comparison = (a: PageRun, b: PageRun) => number
const lengthOf = (run: PageRun, now: number) => {
  const [from, to] = spanOf(run, now)
  return to - from
}

const ORDERS: Record<Order, (now: number) => Comparison> = {
  newest: () => (a, b) => b.forkedAt - a.forkedAt,
  oldest: () => (a, b) => a.forkedAt - b.forkedAt,
  longest: now => (a, b) => lengthOf(b, now) - lengthOf(a, now),
}
