// 32 processes that write one KiB each to the same namespace at the same moment.
import { kibibyte } from '../parents.ts'
import { failuresOf, type Processes } from '../processes.ts'
import type { Line } from '../report.ts'
import { type S3World, swapsOf } from '../s3-world.ts'
import { traceOf, VirtualBucket, worst } from '../virtual.ts'

const WRITERS = 32
const WHAT = `${WRITERS} writers at once`
const MOST_ROUND_TRIPS = 16
/** How many small writes the parent has taken before: its head is in another state after each. */
const WRITES_BEFORE = Array.from({ length: 24 }, (_, i) => 3 * i)

export async function measureWritersAtOnce(s3: S3World, rows: number, processes: Processes): Promise<Line[]> {
  return [...(await realWriters(s3, rows, processes)), ...(await virtualWriters())]
}

async function realWriters(s3: S3World, rows: number, processes: Processes): Promise<Line[]> {
  const { name: namespace } = await s3.parent(rows)
  const { url } = s3
  const { value: answers, ...counted } = await s3.count(() => {
    return processes.all(i => ({ kind: 'put', url, namespace, path: `at-once/${i}` }), WRITERS)
  })
  const failures = failuresOf(answers)
  const how = `AWS SDK, ${WRITERS} processes`
  return [
    { what: `${WHAT}: failed`, how, measured: failures.length, unit: 'count', target: 0, trace: failures },
    { what: `${WHAT}: swaps of the head`, how, measured: swapsOf(namespace, counted.records), unit: 'count' },
    { what: `${WHAT}: requests in all`, how, measured: counted.requests, unit: 'requests' },
    { what: `${WHAT}: time of the slowest`, how, measured: Math.max(...answers.map(one => one.ms)), unit: 'ms' },
  ]
}

async function virtualWriters(): Promise<Line[]> {
  const measured = []
  for (const [i, writes] of WRITES_BEFORE.entries()) measured.push(await manyWriters({ seed: i + 1, writes }))
  const how = `virtual time, worst of ${WRITES_BEFORE.length} parents`
  const failures = measured.flatMap(one => one.failures)
  const slowest = worst(measured, one => one.last)
  return [
    { what: `${WHAT}: failed`, how, measured: failures.length, unit: 'count', target: 0, trace: failures },
    {
      what: `${WHAT}: the slowest`,
      how,
      measured: slowest.last,
      unit: 'round trips',
      target: MOST_ROUND_TRIPS,
      trace: slowest.trace,
    },
    { what: `${WHAT}: requests in all`, how, measured: worst(measured, one => one.all).all, unit: 'requests' },
  ]
}

/** Each begins by opening the namespace, as a new process does. */
async function manyWriters(options: { seed: number; writes: number }) {
  const bucket = await VirtualBucket.open(options)
  const writers = Array.from({ length: WRITERS }, (_, i) => {
    const store = bucket.process(`w${i}`)
    return () => bucket.measure(async () => (await store.namespace('p')).put(`at-once/${i}`, kibibyte(i)))
  })
  const { value, seen } = await bucket.run(() => {
    return bucket.measure(() => Promise.allSettled(writers.map(write => write())))
  })
  const waits = value.map(one => (one.status === 'fulfilled' ? one.value.roundTrips : 0))
  const last = Math.max(...waits)
  const slowest = `w${waits.indexOf(last)}`
  return {
    failures: value.flatMap(one => (one.status === 'rejected' ? String(one.reason) : [])),
    last,
    all: seen.length,
    // What the slowest one did, and what the others did that it may have waited for.
    trace: traceOf(seen.filter(({ by, operation, stood }) => by === slowest || (stood && isWork(operation)))),
  }
}

const isWork = (operation: string): boolean => operation !== 'get'
