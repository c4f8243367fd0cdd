// A process that changes its share of a namespace's paths until it is told to stop: a few here and there, many at once, and in runs
// that it folds. Nobody else touches these paths, so its journal says what is there.
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace } from '../../lib/runlet.ts'
import { openBounded } from './bounded.ts'
import { fastClock } from './fast-clock.ts'
import { openJournal } from './journal.ts'
import { tellingValue } from './telling-value.ts'
import { done, jobOf, told } from './worker.ts'

export interface ScatterJob {
  readonly url: string
  readonly journal: string
  readonly name: string
  /** Its share of the paths. */
  readonly paths: readonly string[]
  readonly speed: number
}

/** Path, and the version that was put; null for a delete. */
export type Scattered = readonly [path: string, version: string | null]

export interface ScatterNote {
  readonly step: 'begun' | 'done'
  readonly writer: string
  readonly round: number
  readonly changes: readonly Scattered[]
  /** Since it began. */
  readonly ms: number
}

const WIDE = 150
const PAUSE_MS = 100
/** Runs that nobody is to take over, however fast the clock is. */
const RUN = { ttlMs: 3_600_000 }

const { url, journal, name, paths, speed } = jobOf<ScatterJob>()
const note = openJournal<ScatterNote>(journal)
const { namespace, close } = await openBounded(url, fastClock(speed))
let stopped = false
void told('stop').then(() => {
  stopped = true
})

for (let round = 0; !stopped; round++) {
  const changes = someChanges(round, round % 4 === 3 ? WIDE : 1 + randomInt(6))
  const startedAt = performance.now()
  const ms = () => performance.now() - startedAt
  note({ step: 'begun', writer: name, round, changes, ms: 0 })
  if (round % 5 === 4) await inRun(`${name}-${round}`, changes)
  else await commit(namespace, changes)
  note({ step: 'done', writer: name, round, changes, ms: ms() })
  await sleep(randomInt(PAUSE_MS))
}
await close()
done()

function someChanges(round: number, count: number): Scattered[] {
  const chosen = new Set(Array.from({ length: count }, () => paths[randomInt(paths.length)] ?? ''))
  return [...chosen].map(path => [path, randomInt(4) === 0 ? null : `${name}.${round}`])
}

async function commit(target: Namespace, changes: readonly Scattered[]): Promise<void> {
  await target.commit(tx => {
    for (const [path, version] of changes) {
      if (version === null) tx.delete(path)
      else tx.put(path, tellingValue(path, version))
    }
  })
}

async function inRun(id: string, changes: readonly Scattered[]): Promise<void> {
  const run = await namespace.fork(id, RUN)
  await commit(run, changes)
  await run.fold()
}
