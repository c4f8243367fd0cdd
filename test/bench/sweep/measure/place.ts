// A store of its own for what is measured, with a clock that can be put forward: grace periods take no time.
import { Bucket, type Measured, plus, type Task, traceOf } from '../../index/bucket.ts'
import type { Base } from '../../index/build.ts'
import { build } from '../../index/measure/build.ts'
import type { Figure, OperationName } from '../figures.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const MOST_SWEEPS = 10

export interface Place {
  readonly bucket: Bucket
  readonly namespace: string
  readonly rows: number
}

/** Opens a store with one namespace of so many rows, gives it to `work`, and closes it. */
export async function at<T>(rows: number, values: Base['values'], work: (place: Place) => Promise<T>): Promise<T> {
  const bucket = await Bucket.open()
  try {
    const place = { bucket, namespace: `rows-${rows}`, rows }
    await build(bucket, { namespace: place.namespace, rows, values })
    return await work(place)
  } finally {
    bucket.close()
  }
}

/** Has a new process do a job that is not measured. */
export async function have({ bucket }: Place, task: Task): Promise<Measured> {
  return bucket.measure(task)
}

export const sweep = (place: Place): Promise<Measured> => have(place, { kind: 'sweep' })

/** A sweep as long after the last one as it takes for what that one listed to be deleted. */
export async function sweepLater(place: Place, ms = 2 * HOUR_MS): Promise<Measured> {
  await place.bucket.advance(ms)
  return sweep(place)
}

/** Sweeps until nothing is left to do. */
export async function settle(place: Place): Promise<void> {
  for (let sweeps = 0; sweeps < MOST_SWEEPS; sweeps++) {
    const { seen } = await sweepLater(place)
    if (!seen.some(({ bytesUp }) => bytesUp > 0)) return
  }
  throw new Error(`after ${MOST_SWEEPS} sweeps there is still something to do`)
}

/** One figure of one or more processes, one after the other. */
export function figureOf(operation: OperationName, { rows }: Place, all: readonly Measured[], units = 1): Figure {
  const removed = { objects: 0, bytes: 0 }
  for (const { answer } of all) {
    removed.objects += answer.removed?.objects ?? 0
    removed.bytes += answer.removed?.bytes ?? 0
  }
  return {
    operation,
    rows,
    units,
    removed,
    cost: all.map(one => one.all).reduce(plus),
    peakBytes: Math.max(...all.map(one => one.peakBytes)),
    trace: all.flatMap(({ seen }) => traceOf(seen)),
  }
}
