// A process that does everything that a user can do with a namespace, in random order until it is told to stop: puts and deletes, counts
// under a lock, runs that are folded, discarded or given up, reads, compactions and sweeps. It notes what it is about to do and what it
// was told, and may be killed or stopped anywhere.
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunletError } from '../../lib/errors.ts'
import { openStore, type Run } from '../../lib/index.ts'
import { openJournal } from './journal.ts'
import { tellingValue, versionIn } from './telling-value.ts'
import { done, jobOf, say, told } from './worker.ts'

export type Action = 'put' | 'count' | 'run' | 'read' | 'compact' | 'sweep'

export interface TortureJob {
  readonly url: string
  readonly journal: string
  readonly name: string
  readonly graceMs: number
  /** Of runs and locks. */
  readonly ttlMs: number
  /** How often it does what, beside one another. */
  readonly mix: Partial<Record<Action, number>>
}

export interface TortureNote {
  /** `refused`: with an error that may come of having been stopped. `trouble`: with one that may never come. */
  readonly step: 'begun' | 'done' | 'refused' | 'trouble'
  readonly action: Action
  /** Names what was begun; the message of its commit, if it is one. */
  readonly id: string
  /** Of a put: what it puts where; null deletes. Of a run: files that were put in it by now. */
  readonly changes?: readonly (readonly [path: string, version: string | null])[]
  /** Of a run: what becomes of it without its owner, and what its owner was told of its end. */
  readonly onError?: 'keep' | 'fold' | 'discard'
  readonly ended?: 'folded' | 'discarded' | 'released'
  readonly error?: string
  /** Since it began. */
  readonly ms: number
}

/** So many things it does at the same time. */
const LANES = 2
/** Paths that each of these puts and deletes again and again. */
const SLOTS = 5
const WAIT_MS = 90_000
/** Longer than any test: what was acknowledged in a run that is kept must be there in the end. */
const KEEP_MS = 86_400_000
/** What may come of having been stopped, or of others who were. */
const EXCUSED: Record<Action, readonly string[]> = {
  put: ['WRITE_STALE'],
  count: ['LEASE_LOST', 'CONFLICT', 'WRITE_STALE'],
  run: ['LEASE_LOST', 'NAMESPACE_SEALED', 'WRITE_STALE', 'RUN_IN_USE', 'RUN_NOT_FOUND'],
  read: [],
  compact: ['LEASE_LOST', 'LOCK_TIMEOUT'],
  sweep: ['LEASE_LOST', 'LOCK_TIMEOUT'],
}

/** The run is not ours any more, so that what it could reach may be gone. */
class LostRun extends Error {}

const job = jobOf<TortureJob>()
const write = openJournal<TortureNote>(job.journal)
const store = await openStore(job.url, { graceMs: job.graceMs })
const parent = await store.namespace('p')
const bag = Object.entries(job.mix).flatMap(([action, count]) => Array<Action>(count).fill(action as Action))
const actions: Record<Action, (id: string) => Promise<unknown>> = { put, count, run, read, compact, sweep }
let stopped = false
void told('stop').then(() => {
  stopped = true
})

await say('ready')
await Promise.all(Array.from({ length: LANES }, (_, lane) => goOn(`${job.name}-${lane}`)))
await store.close()
done()

async function goOn(lane: string): Promise<void> {
  for (let round = 0; !stopped; round++) await act(bag[randomInt(bag.length)] ?? 'put', `${lane}-${round}`)
}

async function act(action: Action, id: string): Promise<void> {
  const startedAt = performance.now()
  const about = () => ({ action, id, ms: Math.round(performance.now() - startedAt) })
  try {
    await actions[action](id)
    write({ step: 'done', ...about() })
  } catch (error) {
    const code = error instanceof RunletError ? error.code.replace('ERR_RUNLET_', '') : ''
    const excused = EXCUSED[action].includes(code) || error instanceof LostRun
    write({
      step: excused ? 'refused' : 'trouble',
      ...about(),
      error: String(error instanceof Error ? error.stack : error),
    })
  }
}

async function put(id: string): Promise<void> {
  const slots = Array.from(
    { length: 1 + randomInt(3) },
    () => `w/${id.slice(0, id.lastIndexOf('-'))}/${randomInt(SLOTS)}`,
  )
  const changes = [...new Set(slots)].map(path => [path, randomInt(6) === 0 ? null : id] as const)
  write({ step: 'begun', action: 'put', id, changes, ms: 0 })
  await parent.commit(
    tx => {
      for (const [path, version] of changes) version ? tx.put(path, tellingValue(path, version)) : tx.delete(path)
    },
    { message: id },
  )
}

async function count(id: string): Promise<void> {
  write({ step: 'begun', action: 'count', id, ms: 0 })
  const { ttlMs } = job
  const increment = async (lock: { name: string; token: number }) =>
    parent.commit(
      async tx => {
        const before = Number(Buffer.from((await tx.get('counter')) ?? '0').toString())
        tx.put('counter', String(before + 1))
      },
      { lock, message: id },
    )
  await parent.lock('counter', increment, { ttlMs, waitMs: WAIT_MS })
}

async function run(id: string): Promise<void> {
  const onError = (['keep', 'fold', 'discard'] as const)[randomInt(3)] ?? 'keep'
  write({ step: 'begun', action: 'run', id, onError, ms: 0 })
  const own = await parent.fork(id, { ttlMs: job.ttlMs, onError })
  try {
    await fillRun(own, id)
    await endRun(own, id)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_RUNLET_MISSING_OBJECT') throw error
    // Its lease tells at the latest when it would have been renewed.
    await sleep(job.ttlMs * 2)
    throw own.signal.aborted ? new LostRun(String(error)) : error
  }
}

async function fillRun(own: Run, id: string): Promise<void> {
  for (const part of ['a', 'b']) {
    const changes = [0, 1, 2].map(i => [`runs/${id}/${part}${i}`, id] as const)
    await own.commit(tx => {
      for (const [path, version] of changes) tx.put(path, tellingValue(path, version))
    })
    write({ step: 'begun', action: 'run', id, changes, ms: 0 })
    await lookAround(own)
    if (randomInt(3) === 0) await own.refresh()
  }
}

async function endRun(own: Run, id: string): Promise<void> {
  const chance = randomInt(10)
  const ended = chance < 7 ? 'folded' : chance < 8 ? 'discarded' : 'released'
  if (ended === 'folded') await own.fold({ message: id })
  else if (ended === 'discarded') await own.discard()
  else await own.release()
  write({ step: 'begun', action: 'run', id, ended, ms: 0 })
}

async function read(): Promise<void> {
  await lookAround(parent)
}

/** Reads a few of the paths that are there, each whole. */
async function lookAround(where: typeof parent): Promise<void> {
  const paths: string[] = []
  for await (const { path } of where.list(['w/', 'runs/'][randomInt(2)])) paths.push(path)
  for (let i = 0; i < 4 && paths.length > 0; i++) {
    const path = paths[randomInt(paths.length)] ?? ''
    const value = await where.get(path)
    if (value) versionIn(path, Buffer.from(value).toString())
  }
}

async function compact(): Promise<void> {
  await parent.compact()
}

async function sweep(): Promise<void> {
  const { problems } = await store.sweep({ keepMs: KEEP_MS })
  const bad = problems.find(({ code }) => !EXCUSED.sweep.includes(code.replace('ERR_RUNLET_', '')))
  if (bad) throw new Error(`${bad.what}: ${bad.code} ${bad.message}`)
}
