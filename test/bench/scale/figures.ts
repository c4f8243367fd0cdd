// All that the scale benchmark measured, and what of it must not be.
import type { DayResult } from './day.ts'
import type { FoldsResult } from './folds-at-once.ts'
import type { WritersResult } from './writers.ts'

export interface ScaleResults {
  readonly folds: readonly FoldsResult[]
  readonly writers: readonly WritersResult[]
  readonly days: readonly DayResult[]
}

/** DESIGN.md, section 7. */
const MOST_SWAPS = { folds: 100, swaps: 12 }

/** What must not be, at any scale: something that fails, or does not end. */
export function missesOf({ folds, writers, days }: ScaleResults): string[] {
  return [
    ...folds.flatMap(one => failed(`${one.folds} folds at once`, one.failures)),
    ...writers.flatMap(one => failed(`${one.writers} direct writers`, one.failures)),
    ...days.flatMap(one => failed(`${one.runsADay} runs a day`, one.failures)),
    ...days.filter(one => one.unfinished > 0).map(one => `${one.runsADay} runs a day: ${one.unfinished} did not end`),
    ...folds
      .filter(one => one.folds === MOST_SWAPS.folds && one.swaps > MOST_SWAPS.swaps)
      .map(one => `${one.folds} folds at once: ${one.swaps} swaps, not ${MOST_SWAPS.swaps}`),
  ]
}

const failed = (what: string, failures: readonly string[]): string[] =>
  failures.length === 0 ? [] : [`${what}: ${failures.length} failed, the first: ${failures[0]?.slice(0, 300)}`]
