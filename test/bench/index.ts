// The part `index` of the benchmark: what each operation costs on a namespace of a thousand, 262,000 and ten million rows, through the
// AWS SDK and in processes of its own; judged against DESIGN.md's section 7, and against growing with the namespace.
//   npm run bench -- index-quick     a thousand and 50,000 rows, once each, and nothing beside it: for every change
//   npm run bench -- index           a thousand and 262,000 rows, compaction, and today's ways
//   npm run bench:10m                ten million too, and writes test/bench/results/; `-- index --write` writes without them
import { Bucket } from './index/bucket.ts'
import { type Figure, growthMisses, type Miss, missesOf } from './index/figures.ts'
import { measureBaselines } from './index/measure/baselines.ts'
import { build } from './index/measure/build.ts'
import { compactionMisses, measureCompactions } from './index/measure/compaction.ts'
import type { Place } from './index/measure/place.ts'
import { measurePulls } from './index/measure/pulls.ts'
import { measureReads } from './index/measure/reads.ts'
import { measureRuns } from './index/measure/runs.ts'
import { measureSmallWrites } from './index/measure/small-write.ts'
import { compile } from './index/processes.ts'
import { markdownOf } from './index/report.ts'
import { type HeadFigure, type Results, writeResults } from './index/results.ts'

const SIZES = [1_000, 262_000]
const QUICK_SIZES = [1_000, 50_000]
const LARGEST = 10_000_000
const COMPACTED_ROWS = 262_000
const TRIES = { once: 1, few: 3, many: 6 }
const LONGEST_TRACE = 60

type Print = (text: string) => void

export const benchIndex = (print: Print, options: readonly string[]): Promise<boolean> =>
  bench(print, { sizes: SIZES, tries: TRIES.few, isWhole: true, write: options.includes('--write') })

export const benchIndexQuickly = (print: Print): Promise<boolean> =>
  bench(print, { sizes: QUICK_SIZES, tries: TRIES.once, isWhole: false, write: false })

export const benchIndexToTenMillion = (print: Print): Promise<boolean> =>
  bench(print, { sizes: [...SIZES, LARGEST], tries: TRIES.many, isWhole: true, write: true })

interface Plan {
  readonly sizes: readonly number[]
  readonly tries: number
  /** Also what compaction costs, and today's ways. */
  readonly isWhole: boolean
  readonly write: boolean
}

/** Prints what it measured; resolves to whether every target was met. */
async function bench(print: Print, { sizes, tries, isWhole, write }: Plan): Promise<boolean> {
  await compile()
  const bucket = await Bucket.open()
  try {
    const figures: Figure[] = []
    const heads: HeadFigure[] = []
    for (const rows of sizes) {
      const measured = await measureSize(bucket, rows, tries)
      figures.push(...measured.figures)
      heads.push(measured.head)
    }
    if (isWhole) progress("today's ways, compaction")
    const baselines = isWhole ? await measureBaselines(bucket, sizes) : []
    const compactions = isWhole ? await measureCompactions(bucket, COMPACTED_ROWS) : []
    const misses = [
      ...figures.flatMap(figure => missesOf(figure)),
      ...growth(figures, sizes),
      ...compactionMisses(compactions),
      ...headMisses(heads),
    ]
    const results: Results = { sizes, figures, heads, compactions, baselines, misses }
    print(markdownOf(results))
    for (const miss of misses) print(`\n${explained(miss)}`)
    if (write) await writeResults(results)
    return misses.length === 0
  } finally {
    bucket.close()
  }
}

async function measureSize(
  bucket: Bucket,
  rows: number,
  tries: number,
): Promise<{ figures: Figure[]; head: HeadFigure }> {
  const namespace = `rows-${rows}`
  const place: Place = { bucket, namespace, rows, tries, heads: [] }
  progress(`${rows} rows: building`)
  await build(bucket, { namespace, rows, values: 'objects' })
  const index = await bucket.stored(`ns/${namespace}/_/index/`)
  progress(`${rows} rows: history (the index has ${index.objects} objects, ${index.bytes} bytes)`)
  await bucket.measure({ kind: 'history', namespace, rows })
  const figures: Figure[] = []
  for (const measure of [measureSmallWrites, measureRuns, measurePulls, measureReads]) {
    progress(`${rows} rows: ${measure.name}`)
    figures.push(...(await measure(place)))
  }
  const sorted = place.heads.toSorted((a, b) => a - b)
  const head = { rows, median: sorted[sorted.length >> 1] ?? 0, largest: sorted.at(-1) ?? 0, index }
  return { figures, head }
}

/** Growth is judged between 262,000 and ten million rows: below, the levels of the tree still come. */
function growth(figures: readonly Figure[], sizes: readonly number[]): Miss[] {
  if (!sizes.includes(LARGEST)) return []
  return figures
    .filter(({ rows }) => rows === LARGEST)
    .flatMap(large => {
      const small = figures.find(({ operation, rows }) => operation === large.operation && rows === COMPACTED_ROWS)
      return small ? growthMisses(small, large) : []
    })
}

/** The head is small whatever the namespace holds. */
const LARGEST_HEAD = 64 * 1024

const headMisses = (heads: readonly HeadFigure[]): Miss[] =>
  heads
    .filter(({ largest }) => largest > LARGEST_HEAD)
    .map(({ rows, largest }) => {
      return {
        text: `the head, ${rows.toLocaleString('en-US')} rows: ${largest} bytes, not ${LARGEST_HEAD}`,
        trace: [],
      }
    })

function explained({ text, trace }: Miss): string {
  const shown = trace.slice(0, LONGEST_TRACE).map(step => `    ${step}`)
  const rest = trace.length > LONGEST_TRACE ? [`    and ${trace.length - LONGEST_TRACE} more`] : []
  return [`Missed: ${text}`, ...shown, ...rest].join('\n')
}

const startedAt = performance.now()
const progress = (step: string) => console.error(`[${Math.round((performance.now() - startedAt) / 1000)} s] ${step}`)
