// The part `swamp` of the benchmark: the reported case. A namespace of 262,000 objects, and 4, 8, 16 and 32 new processes at once that
// push one file of 1 KiB each through the provider, as swamp does. All must succeed; a push of a single new process is judged in
// requests and bytes, and so is a sync without changes.
//   npm run bench -- swamp           `--write` keeps the results in test/bench/results/
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Bucket, type Measured, traceOf } from './index/bucket.ts'
import { pathOf, SMALL_MODEL } from './index/data.ts'
import { build } from './index/measure/build.ts'
import type { Cost } from './index/messages.ts'
import { compile, Worker } from './index/processes.ts'
import { explain, isMissed, type Line } from './report.ts'
import type { SwampJob } from './swamp/jobs.ts'
import { bytesOf, type Crowd, markdownOf, writeSwampResults } from './swamp/results.ts'

const ROWS = 262_000
const PARENT = `rows-${ROWS}`
const CROWDS = [4, 8, 16, 32]
const TRIES = 3
const PUSH = { requests: 3, bytes: 128 * 1024 }
const METHOD = 'a method: locks, scoped pull, push in two phases'
/** Above the versions that are there. */
const FIRST_VERSION = 50_000

interface Place {
  readonly bucket: Bucket
  readonly folder: string
  /** A path that nothing has been pushed to. */
  readonly path: (model: number) => string
}

/** Prints what it measured; resolves to whether every target was met. */
export async function benchSwamp(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  await compile()
  const bucket = await Bucket.open()
  const folder = await mkdtemp(join(tmpdir(), 'runlet-bench-swamp-'))
  let paths = 0
  const place: Place = { bucket, folder, path: model => pathOf(model, 0, FIRST_VERSION + paths++) }
  try {
    progress(`${ROWS} rows: building`)
    await build(bucket, { namespace: PARENT, rows: ROWS, values: 'objects' })
    const lines = [...(await pushes(place)), ...(await syncs(place)), ...(await methods(place))]
    const crowds: Crowd[] = []
    for (const kind of ['swamp push', 'swamp method'] as const) {
      for (const processes of CROWDS) crowds.push(await crowd(place, kind, processes))
    }
    const results = { rows: ROWS, lines, crowds }
    print(markdownOf(results))
    if (lines.some(isMissed)) print(`\n${explain(lines)}`)
    const failures = crowds.flatMap(({ what, processes, failures }) =>
      failures.map(one => `${what} (${processes}): ${one}`),
    )
    for (const failure of failures) print(`\nFailed: ${failure}`)
    if (options.includes('--write')) await writeSwampResults(results)
    return failures.length === 0 && !lines.some(isMissed)
  } finally {
    bucket.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One new process after the other, in a cache that knows the model, and in one that knows nothing. */
async function pushes(place: Place): Promise<Line[]> {
  progress('pushes of single processes')
  const known = await pushesFrom(place, 'pulled', true)
  const unknown = await pushesFrom(place, 'empty', false)
  return [
    ...linesOf('a push of one file of 1 KiB', 'in a cache that was pulled', known, PUSH),
    // What the store has under that path is looked up first, in the node and the shard of an index that this machine has never read.
    ...linesOf('a push of one file of 1 KiB', 'in an empty cache', unknown, { bytes: PUSH.bytes }),
  ]
}

async function pushesFrom({ bucket, folder, path }: Place, cache: string, isPulled: boolean): Promise<Measured[]> {
  const measured: Measured[] = []
  for (let i = 0; i < TRIES; i++) {
    const at = { parent: PARENT, directory: join(folder, `push-${cache}-${i}`), path: path(SMALL_MODEL) }
    if (isPulled) await bucket.measure({ kind: 'swamp pull', ...at })
    measured.push(await bucket.measure({ kind: 'swamp push', ...at }))
  }
  return measured
}

/** All that a command asks for around a method, when it is alone. */
async function methods({ bucket, folder, path }: Place): Promise<Line[]> {
  progress('a method of a single process')
  const at = { parent: PARENT, directory: join(folder, 'method'), path: path(SMALL_MODEL) }
  const measured = await bucket.measure({ kind: 'swamp method', ...at })
  return linesOf(METHOD, 'alone, in an empty cache', [measured])
}

function linesOf(what: string, how: string, measured: readonly Measured[], target?: Partial<typeof PUSH>): Line[] {
  const trace = measured.flatMap(({ seen }) => traceOf(seen))
  const most = (of: (cost: Cost) => number) => Math.max(...measured.map(({ all }) => of(all)))
  return [
    { what, how, trace, unit: 'requests', measured: most(({ requests }) => requests), target: target?.requests },
    { what, how, trace, unit: 'bytes', measured: most(bytesOf), target: target?.bytes },
  ]
}

/** A new process in a cache that is up to date. */
async function syncs({ bucket, folder }: Place): Promise<Line[]> {
  progress('syncs without changes')
  const at = { parent: PARENT, directory: join(folder, 'sync') }
  const first = await bucket.measure({ kind: 'swamp pull', ...at })
  const { answer, seen } = await bucket.measure({ kind: 'swamp sync', ...at })
  const [pull, push] = answer.own
  const line = (what: string, cost: Cost | undefined): Line => {
    const measured = cost?.requests ?? Number.NaN
    return { what, how: 'in a cache that is up to date', measured, unit: 'requests', target: 1, trace: traceOf(seen) }
  }
  if (answer.count > 0) throw new Error(`a sync without changes took ${answer.count} files for changed`)
  return [
    line('pull of everything that changes nothing', pull),
    line('push of everything that changes nothing', push),
    ...linesOf('the first pull of everything, without content', 'in an empty cache', [first]),
  ]
}

/** New processes that are ready before the first of them begins. */
async function crowd(
  { bucket, folder, path }: Place,
  kind: 'swamp push' | 'swamp method',
  processes: number,
): Promise<Crowd> {
  progress(`${kind}: ${processes} processes`)
  const workers = Array.from({ length: processes }, () => new Worker())
  try {
    await Promise.all(workers.map(worker => bucket.give(worker, { kind: 'swamp ready' })))
    const outcomes = await Promise.allSettled(
      workers.map((worker, i) => {
        const task: SwampJob = {
          kind,
          parent: PARENT,
          directory: join(folder, `${kind}-${processes}-${i}`),
          // As many models as processes: those of one wait for its lock.
          path: path(kind === 'swamp push' ? SMALL_MODEL : 1 + i),
        }
        return bucket.give(worker, task)
      }),
    )
    const answers = outcomes.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    const wrong = answers.filter(({ count }) => count !== 1).map(({ count }) => `pushed ${count} files`)
    const failures = [...outcomes.flatMap(one => (one.status === 'rejected' ? [String(one.reason)] : [])), ...wrong]
    return {
      what: kind === 'swamp push' ? 'a push' : METHOD,
      processes,
      succeeded: processes - failures.length,
      failures,
      costs: answers.flatMap(({ own }) => own),
      took: answers.map(({ slowestMs }) => slowestMs),
    }
  } finally {
    for (const worker of workers) worker.discard()
  }
}

const startedAt = performance.now()
const progress = (step: string) => console.error(`[${Math.round((performance.now() - startedAt) / 1000)} s] ${step}`)
