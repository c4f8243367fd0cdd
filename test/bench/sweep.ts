// The part `sweep` of the benchmark: what sweeping and retention cost at a thousand and at 262,000 rows, for a thousand folded runs
// and for runs of dead owners; judged in requests, bytes, memory, and against growing with rows that nothing happened to.
//   npm run bench -- sweep           `--write` keeps the results in test/bench/results/
import { compile } from './index/processes.ts'
import { type Figure, growthMisses, type Miss, missesOf } from './sweep/figures.ts'
import { measureRetention } from './sweep/measure/retention.ts'
import { measureRows } from './sweep/measure/rows.ts'
import { measureEndedRuns, measureLeftRuns } from './sweep/measure/runs.ts'
import { markdownOf } from './sweep/report.ts'
import { writeSweepResults } from './sweep/results.ts'

const SMALL = 1_000
const LARGE = 262_000
const LONGEST_TRACE = 60

/** Prints what it measured; resolves to whether every target was met. */
export async function benchSweep(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  await compile()
  const figures: Figure[] = []
  for (const rows of [SMALL, LARGE]) {
    progress(`${rows} rows: a few of them`)
    figures.push(...(await measureRows(rows)))
  }
  for (const measure of [measureEndedRuns, measureLeftRuns, measureRetention]) {
    progress(`${LARGE} rows: ${measure.name}`)
    figures.push(...(await measure(LARGE)))
  }
  const misses = [...figures.flatMap(missesOf), ...growthMisses(figures)]
  const results = { sizes: [SMALL, LARGE], figures, misses }
  print(markdownOf(results))
  for (const miss of misses) print(`\n${explained(miss)}`)
  if (options.includes('--write')) await writeSweepResults(results)
  return misses.length === 0
}

function explained({ text, trace }: Miss): string {
  const shown = trace.slice(0, LONGEST_TRACE).map(step => `    ${step}`)
  const rest = trace.length > LONGEST_TRACE ? [`    and ${trace.length - LONGEST_TRACE} more`] : []
  return [`Missed: ${text}`, ...shown, ...rest].join('\n')
}

const startedAt = performance.now()
const progress = (step: string) => console.error(`[${Math.round((performance.now() - startedAt) / 1000)} s] ${step}`)
