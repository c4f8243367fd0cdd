// Forking a run, whatever the parent holds (G8).
import { kibibyte } from '../parents.ts'
import type { Line } from '../report.ts'
import type { S3World } from '../s3-world.ts'
import { traceOf, VirtualBucket, worst } from '../virtual.ts'

const WHAT = 'fork'
const MOST_BYTES = 64 * 1024
const FORKS = 70

export async function measureFork(s3: S3World, rows: number): Promise<Line[]> {
  const parent = await s3.parent(rows)
  const counted = await s3.count(() => parent.fork('forked'))
  await counted.value.discard()
  const how = 'AWS SDK'
  const { requests, bytesUp, ms, trace } = counted
  return [
    { what: WHAT, how, measured: requests, unit: 'requests', target: 4, trace },
    { what: `${WHAT}: up`, how, measured: bytesUp, unit: 'bytes', target: MOST_BYTES, trace },
    { what: `${WHAT}: time`, how, measured: ms, unit: 'ms' },
    ...(await virtualForks()),
  ]
}

/** The parent is written to in between, so that its head is met in every state. */
async function virtualForks(): Promise<Line[]> {
  const bucket = await VirtualBucket.open()
  const measured = await bucket.run(async () => {
    const parent = await bucket.parent('forker')
    const all = []
    for (let i = 0; i < FORKS; i++) {
      await parent.put(`between/${i}`, kibibyte(i))
      await parent.idle()
      all.push(await bucket.measure(() => parent.fork(`r${i}`)))
    }
    return all
  })
  const how = `virtual time, worst of ${FORKS}`
  const [most, slowest, largest] = [
    worst(measured, one => one.requests),
    worst(measured, one => one.roundTrips),
    worst(measured, one => one.bytes.up),
  ]
  return [
    { what: WHAT, how, measured: most.requests, unit: 'requests', target: 4, trace: traceOf(most.seen) },
    { what: WHAT, how, measured: slowest.roundTrips, unit: 'round trips', target: 2, trace: traceOf(slowest.seen) },
    {
      what: `${WHAT}: up`,
      how,
      measured: largest.bytes.up,
      unit: 'bytes',
      target: MOST_BYTES,
      trace: traceOf(largest.seen),
    },
  ]
}
