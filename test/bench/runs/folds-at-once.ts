// A hundred folds that begin at the same moment: they are combined, so the parent's head is swapped a few times only.
import type { Run } from '../../../lib/runlet.ts'
import { kibibyte } from '../parents.ts'
import { failuresOf, type Processes } from '../processes.ts'
import type { Line } from '../report.ts'
import { type S3World, swapsOf } from '../s3-world.ts'
import { swapsOf as swapsSeen, traceOf, VirtualBucket, worst } from '../virtual.ts'

const WHAT = '100 folds at once'
const FOLDS = 100
const FILES_A_RUN = 5
const PROCESSES = 10
const MOST_SWAPS = 12
const MOST_ROUND_TRIPS = 60
/** How many small writes the parent has taken before: its head is in another state after each. */
const WRITES_BEFORE = [0, 21, 42, 63]

export async function measureFoldsAtOnce(s3: S3World, rows: number, processes: Processes): Promise<Line[]> {
  return [...(await realFolds(s3, rows, processes)), ...(await virtualFolds())]
}

async function realFolds(s3: S3World, rows: number, processes: Processes): Promise<Line[]> {
  const { name: namespace } = await s3.parent(rows)
  const { url } = s3
  const perProcess = FOLDS / PROCESSES
  const places = Array.from({ length: FOLDS }, (_, i) => ({ process: i % PROCESSES, index: Math.floor(i / PROCESSES) }))
  const forked = await processes.all(i => {
    return { kind: 'fork', url, namespace, ids: Array.from({ length: perProcess }, (_, k) => `many-${i}-${k}`) }
  }, PROCESSES)
  const { value: folded, ...counted } = await s3.count(() => {
    return Promise.all(places.map(({ process, index }) => processes.give(process, { kind: 'fold', url, index })))
  })
  const failures = failuresOf([...forked, ...folded])
  const how = `AWS SDK, ${PROCESSES} processes`
  return [
    { what: `${WHAT}: failed`, how, measured: failures.length, unit: 'count', target: 0, trace: failures },
    {
      what: `${WHAT}: swaps of the head`,
      how,
      measured: swapsOf(namespace, counted.records),
      unit: 'count',
      target: MOST_SWAPS,
    },
    { what: `${WHAT}: requests in all`, how, measured: counted.requests, unit: 'requests' },
    { what: `${WHAT}: time of the last`, how, measured: Math.max(...folded.map(one => one.ms)), unit: 'ms' },
  ]
}

async function virtualFolds(): Promise<Line[]> {
  const measured = []
  for (const [i, writes] of WRITES_BEFORE.entries()) measured.push(await hundredFolds({ seed: i + 1, writes }))
  const how = `virtual time, worst of ${WRITES_BEFORE.length} parents`
  const failures = measured.flatMap(one => one.failures)
  const [slowest, most] = [worst(measured, one => one.last), worst(measured, one => one.swaps)]
  return [
    { what: `${WHAT}: failed`, how, measured: failures.length, unit: 'count', target: 0, trace: failures },
    { what: `${WHAT}: swaps of the head`, how, measured: most.swaps, unit: 'count', target: MOST_SWAPS },
    {
      what: `${WHAT}: the last`,
      how,
      measured: slowest.last,
      unit: 'round trips',
      target: MOST_ROUND_TRIPS,
      trace: slowest.trace,
    },
    { what: `${WHAT}: requests in all`, how, measured: worst(measured, one => one.all).all, unit: 'requests' },
  ]
}

async function hundredFolds(options: { seed: number; writes: number }) {
  const bucket = await VirtualBucket.open(options)
  const runs = await bucket.run(() => Promise.all(Array.from({ length: FOLDS }, (_, i) => preparedRun(bucket, i))))
  const { value, seen } = await bucket.run(() => {
    return bucket.measure(() => Promise.allSettled(runs.map(run => bucket.measure(() => run.fold()))))
  })
  return {
    failures: value.flatMap(one => (one.status === 'rejected' ? String(one.reason) : [])),
    last: Math.max(...value.map(one => (one.status === 'fulfilled' ? one.value.roundTrips : 0))),
    swaps: swapsSeen('p', seen),
    all: seen.length,
    trace: traceOf(seen),
  }
}

async function preparedRun(bucket: VirtualBucket, i: number): Promise<Run> {
  const parent = await bucket.parent(`p${i}`)
  const run = await parent.fork(`r${i}`)
  for (let file = 0; file < FILES_A_RUN; file++) await run.put(`runs/${i}/${file}`, kibibyte(file))
  await run.idle()
  return run
}
