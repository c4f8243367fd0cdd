// One KiB written to namespaces of growing size, as tools do it today (the whole index under one lock) and by runlet: what one
// write costs, and how many of several writers at once get theirs done.
import { systemAmbient } from '../../../lib/ambient.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type Answer, failuresOf, type Job, type Processes } from '../processes.ts'
import { format, table } from '../report.ts'
import type { Counted, S3World } from '../s3-world.ts'
import { prepareIndex } from '../whole-index-under-one-lock.ts'

const WRITERS = [1, 4, 8]
const LIMIT_MS = 60_000
const TODAY = 'whole index under one lock'

/** Two tables: the cost of one write, and writers at once. */
export async function compareSideBySide(s3: S3World, sizes: readonly number[], processes: Processes): Promise<string> {
  const costs: string[][] = []
  const races: string[][] = []
  for (const rows of sizes) {
    const name = rows.toLocaleString('en-US')
    const ways = [
      [TODAY, await lockedJob(s3, rows)],
      ['runlet', await runletJob(s3, rows)],
    ] as const
    for (const [way, jobFor] of ways) {
      const counts: Counted<Answer[]>[] = []
      for (const writers of WRITERS)
        counts.push(await s3.count(() => processes.all(i => jobFor(`${writers}-${i}`), writers)))
      costs.push([name, way, ...costOf(counts[0])])
      races.push([name, way, ...counts.map(({ value }) => raceOf(value))])
    }
  }
  const heads = WRITERS.map(writers => `${writers} at once: done, slowest`)
  return [
    table(['rows', 'one 1 KiB write by', 'requests', 'up', 'down', 'time'], costs),
    table(['rows', 'writers', ...heads], races),
  ].join('\n\n')
}

async function lockedJob({ url }: S3World, rows: number): Promise<(path: string) => Job> {
  const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
  await prepareIndex(objects, rows)
  await objects.close()
  return path => ({ kind: 'locked put', url, path: `side/${path}`, limitMs: LIMIT_MS })
}

async function runletJob(s3: S3World, rows: number): Promise<(path: string) => Job> {
  const { name: namespace } = await s3.parent(rows)
  return path => ({ kind: 'put', url: s3.url, namespace, path: `side/${path}` })
}

function costOf(counted: Counted<Answer[]> | undefined): string[] {
  const [answer] = counted?.value ?? []
  if (!counted || !answer) return []
  const { requests, bytesUp, bytesDown } = counted
  return [String(requests), format(bytesUp, 'bytes'), format(bytesDown, 'bytes'), format(answer.ms, 'ms')]
}

function raceOf(answers: readonly Answer[]): string {
  const done = answers.length - failuresOf(answers).length
  return `${done} of ${answers.length}, ${format(Math.max(...answers.map(one => one.ms)), 'ms')}`
}
