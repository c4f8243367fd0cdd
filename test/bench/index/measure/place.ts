// Where an operation is measured: a namespace of so many rows, and how often it is tried.
import { type Bucket, type Measured, minus, NOTHING, type Task, total, traceOf } from '../bucket.ts'
import type { Figure, OperationName, Sample } from '../figures.ts'
import type { SeenRequest } from '../messages.ts'

export interface Place {
  readonly bucket: Bucket
  readonly namespace: string
  readonly rows: number
  /** How many new processes try what differs from one to the next. */
  readonly tries: number
  /** The head's size whenever it was swapped, in bytes. */
  readonly heads: number[]
}

/** Does a task in a new process. */
export async function measureAt(place: Place, task: Task): Promise<Measured> {
  const measured = await place.bucket.measure(task)
  noteHeads(place, measured.seen)
  return measured
}

export function noteHeads({ namespace, heads }: Place, seen: readonly SeenRequest[]): void {
  const key = `ns/${namespace}/_/head`
  for (const one of seen) if (one.key === key && one.bytesUp > 0 && one.status === 200) heads.push(one.bytesUp)
}

/** One sample for each process, of the first thing that it metered. */
export function figureOf(operation: OperationName, { rows }: Place, all: readonly Measured[], about = 0): Figure {
  const samples = all.map(({ answer, peakBytes, seen }): Sample => {
    return { ...(answer.own[0] ?? NOTHING), peakBytes, trace: traceOf(seen) }
  })
  const upkeep = minus(total(all.map(one => one.all)), total(samples))
  return { operation, rows, samples, about, upkeep: each(upkeep, all.length) }
}

export const each = (cost: Figure['upkeep'], count: number): Figure['upkeep'] => ({
  requests: cost.requests / count,
  bytesUp: cost.bytesUp / count,
  bytesDown: cost.bytesDown / count,
})
