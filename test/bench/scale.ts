// The part `scale` of the benchmark: where the protocols bend, at what figures, and why: on a parent of ten million rows, 80 ms from the store,
// up to 500 folds at once and 300,000 runs a day, also on a store that allows one write a second to the same key. The real protocol
// code and the real S3 kind, on virtual time: every run of it gives the same figures, on any machine.
//   npm run bench -- scale [--write]        minutes; --write keeps the results in test/bench/results/
import type { Day } from './scale/day.ts'
import { missesOf, type ScaleResults } from './scale/figures.ts'
import type { FoldsAtOnce } from './scale/folds-at-once.ts'
import { markdownOf } from './scale/report.ts'
import { writeScaleResults } from './scale/results.ts'
import { Threads } from './scale/threads.ts'
import type { Writers } from './scale/writers.ts'

const FAR_MS = 80
const NEAR_MS = 15
const SLOW = 1
const MINUTE_MS = 60_000

/** The longest first, so that no thread is left alone with one in the end. */
const FOLDS: readonly FoldsAtOnce[] = [
  ...[500, 200, 100, 50].map(folds => ({ folds, roundTripMs: FAR_MS, writesASecond: undefined })),
  ...[500, 100].map(folds => ({ folds, roundTripMs: FAR_MS, writesASecond: SLOW })),
]

const WRITERS: readonly Writers[] = [64, 16, 1].flatMap(writers => [
  { writers, roundTripMs: NEAR_MS, writesASecond: undefined },
  { writers, roundTripMs: FAR_MS, writesASecond: undefined },
  { writers, roundTripMs: FAR_MS, writesASecond: SLOW },
])

const day = (runsADay: number, minutes: number, writesASecond?: number): Day => {
  return { runsADay, forMs: minutes * MINUTE_MS, roundTripMs: FAR_MS, writesASecond }
}
/** Up to 30,000 a day as long as upkeep takes to be steady: a sweep deletes what one found an hour ago. Of more only the beginning. */
const DAYS: readonly Day[] = [
  day(30_000, 150),
  day(10_000, 150),
  day(300_000, 4),
  day(100_000, 6),
  day(100_000, 6, SLOW),
]

export async function benchScale(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  const threads = await Threads.start()
  try {
    const tell = (what: string, of: number) => (done: number) => progress(`${what}: ${done} of ${of}`)
    const folds = await threads.measure('folds', FOLDS, tell('folds at once', FOLDS.length))
    const writers = await threads.measure('writers', WRITERS, tell('direct writers', WRITERS.length))
    const days = await threads.measure('day', DAYS, tell('runs a day', DAYS.length))
    const results: ScaleResults = { folds, writers, days }
    print(markdownOf(results))
    if (options.includes('--write')) await writeScaleResults(results)
    return missesOf(results).length === 0
  } finally {
    await threads.end()
  }
}

const startedAt = performance.now()
const progress = (step: string) => console.error(`[${Math.round((performance.now() - startedAt) / 1000)} s] ${step}`)
