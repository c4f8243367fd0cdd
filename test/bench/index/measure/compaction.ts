// What it costs to keep the index in shape: a thousand commits of one row each, scattered over all of it or all to the same place,
// and then an explicit compaction; and what another process that writes meanwhile notices of it.
import { type Bucket, minus, NOTHING, plus, sumOf, total, traceOf } from '../bucket.ts'
import { namePrefix, SMALL_MODEL } from '../data.ts'
import type { Miss } from '../figures.ts'
import { hotPaths, scatteredPaths } from '../history.ts'
import type { Cost, SeenRequest } from '../messages.ts'
import { build } from './build.ts'

const COMMITS = 1000

export interface CompactionFigure {
  readonly what: string
  readonly rows: number
  readonly commits: number
  /** Bytes of the whole index before. */
  readonly wholeIndex: number
  /** Bytes of all index files, packs and lists of garbage that were put, by whomever: a commit that is crowded merges layers itself. */
  readonly written: number
  /** In the background of the commits. */
  readonly upkeep: Cost
  readonly compaction: Cost
  readonly compactionPeakBytes: number
  readonly writerPeakBytes: number
  /** The most of any put of the other process: requests, bytes up and down, and time. */
  readonly bystander: { readonly puts: number; readonly requests: number; readonly bytes: number; readonly ms: number }
  readonly trace: readonly string[]
}

export async function measureCompactions(bucket: Bucket, rows: number): Promise<CompactionFigure[]> {
  return [
    await measureCompaction(bucket, rows, {
      namespace: 'scattered',
      what: 'scattered over all models',
      paths: scatteredPaths(rows, COMMITS),
    }),
    await measureCompaction(bucket, rows, {
      namespace: 'hot',
      what: 'to ten names of the big model',
      paths: hotPaths(COMMITS),
    }),
  ]
}

/** What a put may take at most beside another process that writes without a pause, and beside its upkeep. */
const MOST_BESIDE = { requests: 32, bytes: 384 * 1024 }

/** Keeping the index in shape must write less than the whole index would be, and hold up nobody. */
export function compactionMisses(figures: readonly CompactionFigure[]): Miss[] {
  return figures.flatMap(({ what, wholeIndex, written, bystander, trace }) => {
    const texts = [
      ...(written >= wholeIndex ? [`${written} bytes of index written, the whole is ${wholeIndex}`] : []),
      ...(['requests', 'bytes'] as const)
        .filter(measure => bystander[measure] > MOST_BESIDE[measure])
        .map(measure => `a put beside them took ${bystander[measure]} ${measure}, not ${MOST_BESIDE[measure]}`),
    ]
    return texts.map(text => ({ text: `1,000 commits ${what}: ${text}`, trace }))
  })
}

async function measureCompaction(
  bucket: Bucket,
  rows: number,
  { namespace, what, paths }: { namespace: string; what: string; paths: readonly string[] },
): Promise<CompactionFigure> {
  await build(bucket, { namespace, rows, values: 'packs' })
  const wholeIndex = (await bucket.stored(`ns/${namespace}/_/index/`)).bytes
  const bystander = bucket.workers.take()
  const below = namePrefix(SMALL_MODEL, 0)
  const beside = bucket.give(bystander, { kind: 'keep putting', namespace, below: `${below}beside-` })

  const during = await bucket.watch(async () => {
    const writer = bucket.workers.take()
    const answer = await bucket.give(writer, { kind: 'put', namespace, paths })
    return { answer, ...(await writer.end()) }
  })
  const compacting = await bucket.measure({ kind: 'compact', namespace })
  await bucket.give(bystander, { kind: 'stop' })
  const others = await beside
  await bystander.end()
  await check(bucket, { namespace, rows: rows + paths.length + others.count, path: paths.at(-1) ?? '' })

  // What the other process put is in both totals. Its upkeep counts as upkeep, its puts do not.
  const puts = plus(total(during.value.answer.own), total(others.own))
  const all = plus(sumOf(during.seen), compacting.all)
  const [compaction = NOTHING] = compacting.answer.own
  return {
    what,
    rows,
    commits: paths.length,
    wholeIndex,
    written: writtenIn([...during.seen, ...compacting.seen]),
    upkeep: minus(all, plus(puts, compaction)),
    compaction,
    compactionPeakBytes: compacting.peakBytes,
    writerPeakBytes: during.value.peakBytes,
    bystander: {
      puts: others.count,
      requests: Math.max(...others.own.map(one => one.requests)),
      bytes: Math.max(...others.own.map(one => one.bytesUp + one.bytesDown)),
      ms: others.slowestMs,
    },
    trace: traceOf(compacting.seen.filter(one => one.bytesUp > 0)),
  }
}

const writtenIn = (seen: readonly SeenRequest[]): number =>
  sumOf(seen.filter(({ key }) => /\/_\/(index|packs|garbage)\//.test(key))).bytesUp

/** Whatever was compacted: all rows are there, and the last one says what was written. */
async function check(bucket: Bucket, wanted: { namespace: string; rows: number; path: string }): Promise<void> {
  const { namespace, rows, path } = wanted
  await bucket.measure({ kind: 'get', namespace, path })
  const { answer } = await bucket.measure({ kind: 'list', namespace, prefix: '' })
  if (answer.count !== rows) throw new Error(`after the compaction there are ${answer.count} rows, not ${rows}`)
}
