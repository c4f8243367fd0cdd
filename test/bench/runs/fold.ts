// Folding a run of 24 files of one KiB, alone.
import type { FoldResult } from '../../../lib/run/fold.ts'
import type { Run } from '../../../lib/runlet.ts'
import { kibibyte } from '../parents.ts'
import type { Line } from '../report.ts'
import type { S3World } from '../s3-world.ts'
import { type Measured, traceOf, VirtualBucket, worst } from '../virtual.ts'

const FILES = 24
const MOST_BYTES = 256 * 1024
const FOLDS = 70

/** How the files came into the run makes a difference to what lies in its head. */
const SHAPES: Record<string, (run: Run) => Promise<unknown>> = {
  'one by one': async run => {
    for (let i = 0; i < FILES; i++) await run.put(`${run.id}/${i}`, kibibyte(i))
  },
  'all at once': run => Promise.all(Array.from({ length: FILES }, (_, i) => run.put(`${run.id}/${i}`, kibibyte(i)))),
  'in one commit': run =>
    run.commit(tx => {
      for (let i = 0; i < FILES; i++) tx.put(`${run.id}/${i}`, kibibyte(i))
    }),
}

export async function measureFold(s3: S3World, rows: number): Promise<Line[]> {
  const lines: Line[] = []
  for (const [shape, write] of Object.entries(SHAPES)) {
    lines.push(...(await realFold(s3, rows, { shape, write })), ...(await virtualFolds(shape, write)))
  }
  return lines
}

async function realFold(
  s3: S3World,
  rows: number,
  { shape, write }: { shape: string; write: (run: Run) => Promise<unknown> },
): Promise<Line[]> {
  const parent = await s3.parent(rows)
  const run = await parent.fork(`fold-${shape.replaceAll(' ', '-')}`)
  await write(run)
  await Promise.all([run.idle(), parent.idle()])
  const { value, requests, bytesUp, bytesDown, ms, trace } = await s3.count(() => run.fold())
  await parent.idle()
  const how = 'AWS SDK'
  const what = `fold of ${FILES} files, written ${shape}`
  return [
    { what, how, measured: value.requests, unit: 'requests', target: 12, trace },
    { what: `${what}: with upkeep that began meanwhile`, how, measured: requests, unit: 'requests' },
    { what: `${what}: up and down`, how, measured: bytesUp + bytesDown, unit: 'bytes', target: MOST_BYTES, trace },
    { what: `${what}: time`, how, measured: ms, unit: 'ms' },
  ]
}

/** One after the other, so that the parent's head is met in every state. */
async function virtualFolds(shape: string, write: (run: Run) => Promise<unknown>): Promise<Line[]> {
  const bucket = await VirtualBucket.open()
  const measured = await bucket.run(async () => {
    const all: Measured<FoldResult>[] = []
    const parent = await bucket.parent('folder')
    for (let i = 0; i < FOLDS; i++) {
      const run = await parent.fork(`r${i}`)
      await write(run)
      await Promise.all([run.idle(), parent.idle()])
      all.push(await bucket.measure(() => run.fold()))
    }
    return all
  })
  const how = `virtual time, worst of ${FOLDS}`
  const what = `fold of ${FILES} files, written ${shape}`
  const bytes = ({ bytes: { up, down } }: Measured<FoldResult>) => up + down
  const [most, slowest, largest] = [
    worst(measured, one => one.value.requests),
    worst(measured, one => one.roundTrips),
    worst(measured, bytes),
  ]
  return [
    { what, how, measured: most.value.requests, unit: 'requests', target: 12, trace: traceOf(most.seen) },
    { what, how, measured: slowest.roundTrips, unit: 'round trips', target: 7, trace: traceOf(slowest.seen) },
    {
      what: `${what}: up and down`,
      how,
      measured: bytes(largest),
      unit: 'bytes',
      target: MOST_BYTES,
      trace: traceOf(largest.seen),
    },
  ]
}
