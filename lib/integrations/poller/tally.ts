// How the starts of a poller went: counts, the last result, and who is at work. One document that is replaced by compare-and-swap (in a
// `file:` store of its own), so several starts at once lose no count, and none that is killed leaves half of one. A start that was
// killed could not say so: the next one, or whoever looks, finds its process gone and counts it as killed.
import { existsSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import type { Segment } from '../../names.ts'
import { openFileStore } from '../../store/file/file-store.ts'
import { Register } from '../../store/register.ts'
import * as z from '../../vendor/zod.ts'
import type { Places } from './places.ts'
import { folderOf } from './poller.ts'

/** `stopped`: a person, or the end of the session. `timeout` and `failed` by the exit code of `runlet run`. */
const OUTCOMES = ['ok', 'failed', 'timeout', 'stopped', 'killed'] as const
export type Outcome = (typeof OUTCOMES)[number]

const count = z.int().min(0)

const tallySchema = z.object({
  write: z.string(),
  counts: z.object({ ok: count, failed: count, timeout: count, stopped: count, killed: count, skipped: count }),
  /** Of what is at work, or was killed. */
  atWork: z.array(z.object({ id: z.string(), pid: z.int().min(1), startedAt: z.int() })),
  last: z
    .object({
      outcome: z.enum(OUTCOMES),
      exitCode: z.int().optional(),
      startedAt: z.int(),
      endedAt: z.int().optional(),
    })
    .optional(),
  lastSkippedAt: z.int().optional(),
})

export type Tally = Omit<z.infer<typeof tallySchema>, 'write'>
export type AtWork = Tally['atWork'][number]

export interface Ended {
  /** Undefined: it was skipped, for another one was at work. */
  readonly outcome: Outcome | undefined
  readonly exitCode: number
  /** Starts that came due while it was at work. */
  readonly missed: number
}

const NOTHING: Tally = {
  counts: { ok: 0, failed: 0, timeout: 0, stopped: 0, killed: 0, skipped: 0 },
  atWork: [],
}

export class TallyKeeper {
  readonly #folder: string

  constructor(places: Places, name: Segment) {
    this.#folder = folderOf(places, name)
  }

  /** As it is now. Writes nothing: who is gone is counted as killed in what is given back. */
  async read(): Promise<Tally> {
    if (!existsSync(join(this.#folder, 'tally'))) return NOTHING
    const found = await (await this.#register()).read()
    return settled(found?.value ?? NOTHING, isStillThere)
  }

  /** Resolves to the id of the start, and to those that were found killed. */
  async begin(pid: number): Promise<{ id: string; killed: AtWork[] }> {
    const id = systemAmbient.randomId()
    const one = { id, pid, startedAt: systemAmbient.now() }
    return { id, killed: await this.#change(tally => ({ ...tally, atWork: [...tally.atWork, one] })) }
  }

  /** Resolves to those that were found killed. */
  async end(id: string, ended: Ended): Promise<AtWork[]> {
    return this.#change(tally => afterEnd(tally, id, ended, systemAmbient.now()))
  }

  async #change(next: (tally: Tally) => Tally): Promise<AtWork[]> {
    if (!existsSync(this.#folder)) return [] // uninstalled meanwhile: nothing of it is to come back
    const register = await this.#register()
    let version = await register.read()
    for (;;) {
      const before = version?.value ?? NOTHING
      const found = settled(before, isStillThere)
      const result = await register.swap(version, next(found))
      if (result.won) return before.atWork.filter(one => !found.atWork.includes(one))
      version = result.current
    }
  }

  async #register(): Promise<Register<z.infer<typeof tallySchema>>> {
    const store = await openFileStore(join(this.#folder, 'tally'), { ambient: systemAmbient })
    return new Register(store, 'tally', tallySchema, systemAmbient)
  }
}

/** Pure. */
export function afterEnd(tally: Tally, id: string, { outcome, exitCode, missed }: Ended, now: number): Tally {
  const own = tally.atWork.find(one => one.id === id)
  const counts = { ...tally.counts }
  // Somebody else may have taken it for dead (its machine slept through a restart of the clock): it was not.
  if (!own) counts.killed = Math.max(0, counts.killed - 1)
  counts[outcome ?? 'skipped'] += 1
  counts.skipped += missed
  const rest = { ...tally, counts, atWork: tally.atWork.filter(one => one !== own) }
  const skipped = outcome === undefined || missed > 0 ? { lastSkippedAt: now } : {}
  if (outcome === undefined) return { ...rest, ...skipped }
  return { ...rest, ...skipped, last: { outcome, exitCode, startedAt: own?.startedAt ?? now, endedAt: now } }
}

/** Counts those that are gone without a word. Pure. */
export function settled(tally: Tally, isAlive: (one: AtWork) => boolean): Tally {
  const gone = tally.atWork.filter(one => !isAlive(one))
  const newest = gone.at(-1)
  if (!newest) return tally
  const isLast = newest.startedAt > (tally.last?.startedAt ?? 0)
  return {
    ...tally,
    counts: { ...tally.counts, killed: tally.counts.killed + gone.length },
    atWork: tally.atWork.filter(one => !gone.includes(one)),
    ...(isLast && { last: { outcome: 'killed', startedAt: newest.startedAt } }),
  }
}

/** Of another boot, or another user's by now: not the process that it was. */
function isStillThere({ pid, startedAt }: AtWork): boolean {
  const SLACK_MS = 60_000
  if (startedAt < systemAmbient.now() - uptime() * 1000 - SLACK_MS) return false
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
