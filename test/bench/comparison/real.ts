// Writers at once in real processes, through the AWS SDK, on the counting S3 server and on Ceph: what the simulation leaves out is in
// here (parsing an index, TLS-less HTTP, the scheduler), and so is this machine: all processes, and the store, share its cores.
import { Bucket, type Task } from '../index/bucket.ts'
import { build } from '../index/measure/build.ts'
import type { Answer } from '../index/messages.ts'
import { Worker, Workers } from '../index/processes.ts'
import { type Ceph, startCeph } from './ceph.ts'
import { type Cell, NETWORK, type Outcome, summaryOf } from './matrix.ts'
import { isLocked, PARENT, WAYS, type WayName } from './ways.ts'

const REAL_ROWS = 262_000
const REAL_WRITERS = [1, 4, 16]
const LOCKED = WAYS.filter(isLocked)

type Progress = (step: string) => void

/** A store that processes write to. */
interface Site {
  readonly workers: Workers
  give(worker: Worker, task: Task): Promise<Answer>
  /** What arrives while `work` lasts: undefined where nobody counts it but the processes themselves. */
  watch<T>(work: () => Promise<T>): Promise<{ value: T; seen?: readonly { bytesUp: number; bytesDown: number }[] }>
}

export async function measureOnS3(progress: Progress): Promise<Cell[]> {
  const bucket = await Bucket.open(NETWORK)
  try {
    return await measureAt(bucket, step => progress(`S3 server: ${step}`))
  } finally {
    bucket.close()
  }
}

/** Undefined when Ceph is not installed. */
export async function measureOnCeph(progress: Progress): Promise<Cell[] | undefined> {
  const ceph = await startCeph()
  if (!ceph) return undefined
  const site = siteOf(ceph)
  try {
    return await measureAt(site, step => progress(`Ceph: ${step}`))
  } finally {
    site.workers.end()
    await ceph.stop()
  }
}

function siteOf({ url }: Ceph): Site {
  return {
    workers: new Workers(),
    give: (worker, task) => worker.give({ ...task, url }),
    watch: async work => ({ value: await work() }),
  }
}

async function measureAt(site: Site, progress: Progress): Promise<Cell[]> {
  progress('building')
  await build(site, { namespace: PARENT, rows: REAL_ROWS, values: 'objects' })
  for (const way of LOCKED) {
    const worker = site.workers.take()
    await site.give(worker, { kind: 'comparison base', way, rows: REAL_ROWS })
    worker.discard()
  }
  const cells: Cell[] = []
  let writes = 0
  for (const way of WAYS) {
    for (const writers of REAL_WRITERS) {
      progress(`${way}, ${writers} processes`)
      cells.push(await crowd(site, { way, writers, from: writes }))
      writes += writers
    }
  }
  return cells
}

/** New processes that are ready before the first of them begins. */
async function crowd(
  site: Site,
  { way, writers, from }: { way: WayName; writers: number; from: number },
): Promise<Cell> {
  const workers = Array.from({ length: writers }, () => new Worker())
  try {
    await Promise.all(workers.map(worker => site.give(worker, { kind: 'comparison ready' })))
    const { value: answers, seen } = await site.watch(() =>
      Promise.all(
        workers.map(async (worker, writer) => {
          const answer = await site.give(worker, { kind: 'comparison write', way, writer, nth: from + writer })
          // Its memory is for the others now.
          worker.discard()
          return answer
        }),
      ),
    )
    const outcomes = answers.map((answer): Outcome => ({ ms: answer.slowestMs, isDone: answer.count === 1 }))
    const holds = answers.flatMap(({ heldMs }) => (heldMs > 0 ? [heldMs] : []))
    const costs = seen ?? answers.flatMap(({ own }) => own)
    const requests = seen ? seen.length : answers.flatMap(({ own }) => own).reduce((sum, one) => sum + one.requests, 0)
    const bytes = costs.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0)
    const each = { requests: requests / writers, bytes: bytes / writers }
    return { way, rows: REAL_ROWS, writers, ...summaryOf(outcomes, holds), ...each }
  } finally {
    for (const worker of workers) worker.discard()
  }
}
