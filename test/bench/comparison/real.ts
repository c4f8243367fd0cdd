// Writers at once in real processes, through the AWS SDK, on the counting S3 server and on Ceph: what the simulation leaves out is in
// here (parsing an index, TLS-less HTTP, the scheduler), and so is this machine: all processes, and the store, share its cores.
import { Bucket, type Task } from '../index/bucket.ts'
import { build } from '../index/measure/build.ts'
import type { Answer } from '../index/messages.ts'
import { Worker, Workers } from '../index/processes.ts'
import { startCeph } from './ceph.ts'
import { SIZES, WRITERS } from './figures.ts'
import { type Cell, NETWORK, type Outcome, summaryOf } from './matrix.ts'
import { isLocked, PARENT, WAYS, type WayName } from './ways.ts'

const LOCKED = WAYS.filter(isLocked)
/** A cell is repeated this often, but for what takes longer than that together. */
const REPETITIONS = 3
const ENOUGH_MS = 6_000

type Progress = (step: string) => void

/** A store that processes write to. */
interface Site {
  readonly workers: Workers
  give(worker: Worker, task: Task): Promise<Answer>
  /** What arrives while `work` lasts: undefined where nobody counts it but the processes themselves. */
  watch<T>(work: () => Promise<T>): Promise<{ value: T; seen?: readonly { bytesUp: number; bytesDown: number }[] }>
}

export async function measureOnS3(progress: Progress): Promise<Cell[]> {
  return measureSizes(
    async () => {
      const bucket = await Bucket.open(NETWORK)
      return { site: bucket, close: async () => bucket.close() }
    },
    step => progress(`S3 server: ${step}`),
  )
}

/** Undefined when Ceph is not installed. */
export async function measureOnCeph(progress: Progress): Promise<Cell[] | undefined> {
  const first = await startCeph()
  if (!first) return undefined
  await first.stop()
  return measureSizes(
    async () => {
      const ceph = await startCeph()
      if (!ceph) throw new Error('Ceph is not installed any more')
      const site: Site = {
        workers: new Workers(),
        give: (worker, task) => worker.give({ ...task, url: ceph.url }),
        watch: async work => ({ value: await work() }),
      }
      const close = async () => {
        site.workers.end()
        await ceph.stop()
      }
      return { site, close }
    },
    step => progress(`Ceph: ${step}`),
  )
}

/** Each size has a store of its own. */
async function measureSizes(
  open: () => Promise<{ site: Site; close: () => Promise<void> }>,
  progress: Progress,
): Promise<Cell[]> {
  const cells: Cell[] = []
  for (const rows of SIZES) {
    const { site, close } = await open()
    try {
      cells.push(...(await measureAt(site, rows, step => progress(`${rows} rows, ${step}`))))
    } finally {
      await close()
    }
  }
  return cells
}

async function measureAt(site: Site, rows: number, progress: Progress): Promise<Cell[]> {
  progress('building')
  await build(site, { namespace: PARENT, rows, values: 'objects' })
  for (const way of LOCKED) {
    const worker = site.workers.take()
    await site.give(worker, { kind: 'comparison base', way, rows })
    worker.discard()
  }
  const cells: Cell[] = []
  let writes = 0
  const crew = new Crew(site)
  try {
    for (const way of WAYS) {
      for (const writers of WRITERS) {
        progress(`${way}, ${writers} processes`)
        const cell = await cellOf(site, crew, { way, rows, writers, from: writes })
        cells.push(cell)
        writes += cell.writes
      }
    }
    return cells
  } finally {
    crew.end()
  }
}

/** `from`: the number of its first write, of all to this store. */
async function cellOf(
  site: Site,
  crew: Crew,
  { way, rows, writers, from }: Pick<Cell, 'way' | 'rows' | 'writers'> & { readonly from: number },
): Promise<Cell> {
  const startedAt = performance.now()
  const crowds: Crowd[] = []
  do {
    crowds.push(await crowd(site, crew, { way, writers, from: from + crowds.length * writers }))
  } while (crowds.length < REPETITIONS && performance.now() - startedAt < ENOUGH_MS)
  const sum = (of: (one: Crowd) => number) => crowds.reduce((all, one) => all + of(one), 0)
  const outcomes = crowds.flatMap(one => one.outcomes)
  return {
    way,
    rows,
    writers,
    ...summaryOf(
      outcomes,
      crowds.flatMap(({ holds }) => holds),
    ),
    requests: sum(({ requests }) => requests) / outcomes.length,
    bytes: sum(({ bytes }) => bytes) / outcomes.length,
  }
}

/** What a process may hold when it is to write once more: who has parsed an index of today's ways goes, its memory is for the others. */
const MOST_BYTES = 250e6

/** Processes that stand ready for one site: to start 64 for each cell would be most of the work. */
class Crew {
  readonly #site: Site
  readonly #ready: Worker[] = []

  constructor(site: Site) {
    this.#site = site
  }

  async take(count: number): Promise<Worker[]> {
    const missing = Array.from({ length: Math.max(0, count - this.#ready.length) }, () => new Worker())
    this.#ready.push(...missing)
    await Promise.all(missing.map(worker => this.#site.give(worker, { kind: 'comparison ready' })))
    return this.#ready.splice(0, count)
  }

  giveBack(worker: Worker, peakBytes: number): void {
    if (peakBytes > MOST_BYTES) worker.discard()
    else this.#ready.push(worker)
  }

  end(): void {
    for (const worker of this.#ready) worker.discard()
  }
}

/** What came of writers who began together, and what all of it cost. */
interface Crowd {
  readonly outcomes: readonly Outcome[]
  readonly holds: readonly number[]
  readonly requests: number
  readonly bytes: number
}

/** All ready before the first of them begins. */
async function crowd(
  site: Site,
  crew: Crew,
  { way, writers, from }: { way: WayName; writers: number; from: number },
): Promise<Crowd> {
  const workers = await crew.take(writers)
  const { value: answers, seen } = await site.watch(() =>
    Promise.all(
      workers.map(async (worker, writer) => {
        const answer = await site.give(worker, { kind: 'comparison write', way, writer, nth: from + writer })
        crew.giveBack(worker, answer.peakBytes)
        return answer
      }),
    ),
  )
  const own = answers.flatMap(answer => answer.own)
  const costs = seen ?? own
  return {
    outcomes: answers.map((answer): Outcome => ({ ms: answer.slowestMs, isDone: answer.count === 1 })),
    holds: answers.flatMap(({ heldMs }) => (heldMs > 0 ? [heldMs] : [])),
    requests: seen ? seen.length : own.reduce((all, one) => all + one.requests, 0),
    bytes: costs.reduce((all, { bytesUp, bytesDown }) => all + bytesUp + bytesDown, 0),
  }
}
