// One KiB written: by a process that has been writing for a while, and by a new one. And read again when nothing happened.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Namespace } from '../../../lib/runlet.ts'
import { type Meter, metered } from '../../../lib/store/metered-store.ts'
import { kibibyte } from '../parents.ts'
import type { Line } from '../report.ts'
import type { Counted, S3World } from '../s3-world.ts'
import { traceOf, VirtualBucket, worst } from '../virtual.ts'

const ONE_PUT = fileURLToPath(new URL('../one-put.ts', import.meta.url))
const KIB = 1024
const WARM = '1 KiB put, warm'
const NEW = '1 KiB put, new process'
const WARM_PUTS = 200
const NEW_PROCESSES = 5
const VIRTUAL_PROCESSES = 150

export async function measureSmallWrites(s3: S3World, rows: number): Promise<Line[]> {
  const parent = await s3.parent(rows)
  return [
    ...(await warmPuts(s3, parent)),
    ...(await virtualWarmPuts()),
    ...(await newProcesses(s3, parent.name)),
    ...(await virtualProcesses()),
    ...(await idleGet(s3, parent)),
  ]
}

/** A put's own requests are those that it waits for; what goes on in the background is seen in the total alone. */
async function warmPuts(s3: S3World, parent: Namespace): Promise<Line[]> {
  const how = `AWS SDK, ${WARM_PUTS} puts`
  await parent.put('warm/up', kibibyte(0))
  const own: number[] = []
  const total = await s3.count(async () => {
    for (let i = 0; i < WARM_PUTS; i++) {
      const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
      await metered(meter, () => parent.put(`warm/${i}`, kibibyte(i)))
      own.push(meter.requests)
    }
    await parent.idle()
  })
  return [
    ...linesOfWarmPuts(how, own, []),
    { what: `${WARM}: with all upkeep`, how, measured: total.requests / own.length, unit: 'requests' },
    { what: `${WARM}: with all upkeep, up`, how, measured: total.bytesUp / own.length, unit: 'bytes' },
    { what: `${WARM}: time`, how, measured: total.ms / own.length, unit: 'ms' },
  ]
}

async function virtualWarmPuts(): Promise<Line[]> {
  const bucket = await VirtualBucket.open()
  const measured = await bucket.run(async () => {
    const parent = await bucket.parent('writer')
    const all = []
    for (let i = 0; i < WARM_PUTS; i++) all.push(await bucket.measure(() => parent.put(`warm/${i}`, kibibyte(i))))
    await parent.idle()
    return all
  })
  const how = `virtual time, ${WARM_PUTS} puts`
  const own = measured.map(one => one.requests)
  const slowest = worst(measured, one => one.roundTrips)
  return [
    ...linesOfWarmPuts(how, own, traceOf(worst(measured, one => one.requests).seen)),
    { what: `${WARM}: waited for, most`, how, measured: slowest.roundTrips, unit: 'round trips' },
  ]
}

function linesOfWarmPuts(how: string, own: readonly number[], trace: readonly string[]): Line[] {
  const more = own.filter(requests => requests > 1).length
  const mean = own.reduce((sum, requests) => sum + requests, 0) / own.length
  return [
    { what: `${WARM}: its own, most`, how, measured: Math.max(...own), unit: 'requests', target: 1, trace },
    { what: `${WARM}: its own, mean`, how, measured: mean, unit: 'requests' },
    { what: `${WARM}: puts that took more than one`, how, measured: more, unit: 'count' },
  ]
}

async function newProcesses(s3: S3World, namespace: string): Promise<Line[]> {
  const counted: Counted<unknown>[] = []
  for (let i = 0; i < NEW_PROCESSES; i++) {
    const args = ['--import', 'tsx', ONE_PUT, s3.url, namespace, `new/${i}`]
    counted.push(await s3.count(() => promisify(execFile)(process.execPath, args)))
  }
  return linesOfNewProcess(`AWS SDK, worst of ${NEW_PROCESSES} real processes`, counted)
}

/** So many in a row meet the head in every state that it goes through. */
async function virtualProcesses(): Promise<Line[]> {
  const bucket = await VirtualBucket.open()
  const measured = await bucket.run(async () => {
    const all = []
    for (let i = 0; i < VIRTUAL_PROCESSES; i++) {
      const store = bucket.process(`p${i}`)
      all.push(await bucket.measure(async () => (await store.namespace('p')).put(`new/${i}`, kibibyte(i))))
      await store.close()
    }
    return all
  })
  const how = `virtual time, worst of ${VIRTUAL_PROCESSES}`
  const slowest = worst(measured, one => one.roundTrips)
  const more = measured.filter(one => one.requests > 2).length
  return [
    ...linesOfNewProcess(
      how,
      measured.map(({ requests, bytes, seen }) => {
        return { requests, bytesUp: bytes.up, bytesDown: bytes.down, trace: traceOf(seen) }
      }),
    ),
    { what: `${NEW}: waited for, most`, how, measured: slowest.roundTrips, unit: 'round trips' },
    { what: `${NEW}: puts that took more than two`, how, measured: more, unit: 'count' },
  ]
}

type Cost = Pick<Counted<unknown>, 'requests' | 'bytesUp' | 'bytesDown' | 'trace'>

function linesOfNewProcess(how: string, all: readonly Cost[]): Line[] {
  const [most, up, down] = [
    worst(all, one => one.requests),
    worst(all, one => one.bytesUp),
    worst(all, one => one.bytesDown),
  ]
  return [
    { what: NEW, how, measured: most.requests, unit: 'requests', target: 2, trace: most.trace },
    { what: `${NEW}: up`, how, measured: up.bytesUp, unit: 'bytes', target: 64 * KIB, trace: up.trace },
    { what: `${NEW}: down`, how, measured: down.bytesDown, unit: 'bytes', target: 64 * KIB, trace: down.trace },
  ]
}

async function idleGet(s3: S3World, parent: Namespace): Promise<Line[]> {
  const how = 'AWS SDK'
  await parent.put('idle', kibibyte(0))
  await parent.idle()
  await parent.get('idle')
  const { requests, bytesDown, trace } = await s3.count(() => parent.get('idle'))
  return [
    { what: 'get, nothing happened since', how, measured: requests, unit: 'requests', target: 1, trace },
    { what: 'get, nothing happened since: down', how, measured: bytesDown, unit: 'bytes', target: 0, trace },
  ]
}
