// What a member of the doctor's crew can be asked to do against the store: plain data, so that it can be sent to a thread, and one
// function that does it. In a thread or not, it is the same code.

import type { Ambient } from '../../ambient.ts'
import { AmbiguousWrite, PreconditionFailed, ThrottledError } from '../../errors.ts'
import * as z from '../../vendor/zod.ts'
import type { ObjectStore } from '../object-store.ts'
import { Register, type Version } from '../register.ts'

export type Task =
  /** Create the key if it is not there, once for each racer at the same moment, the racer's name as the content. */
  | { readonly kind: 'create'; readonly key: string; readonly racers: readonly string[] }
  /** Add `each` entries for each racer to a tally, all racers at the same time. */
  | { readonly kind: 'tally'; readonly key: string; readonly racers: readonly string[]; readonly each: number }
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'list'; readonly prefix: string }

/** What was told to one who tried to create. */
export type Told = 'won' | 'lost' | 'nothing'

export type Outcome =
  | { readonly kind: 'create'; readonly told: Readonly<Record<string, Told>> }
  | { readonly kind: 'tally'; readonly done: readonly string[]; readonly lost: number }
  | { readonly kind: 'read'; readonly text: string | undefined }
  | { readonly kind: 'list'; readonly keys: readonly string[] }

interface Surroundings {
  readonly store: ObjectStore
  readonly ambient: Ambient
  /** Is over when all members have come as far, or have failed. */
  readonly meet: () => void | Promise<void>
  /** Whether to begin nothing any more. */
  readonly stopped: () => boolean
}

export async function perform(task: Task, around: Surroundings): Promise<Outcome> {
  const { store } = around
  if (task.kind === 'read') return { kind: 'read', text: await textOf(store, task.key) }
  if (task.kind === 'list') {
    const keys: string[] = []
    for await (const { key } of store.list({ prefix: task.prefix })) keys.push(key)
    return { kind: 'list', keys }
  }
  return task.kind === 'create' ? create(task, around) : tally(task, around)
}

async function create(task: Task & { kind: 'create' }, { store, meet }: Surroundings): Promise<Outcome> {
  // A connection for each racer, opened before the race: else the first of them would be there alone.
  await Promise.all(task.racers.map(() => store.get(task.key)))
  await meet()
  const told: Record<string, Told> = {}
  const attempt = async (racer: string) => {
    try {
      await store.put(task.key, new TextEncoder().encode(racer), { condition: { ifNoneMatch: '*' } })
      told[racer] = 'won'
    } catch (error) {
      if (error instanceof PreconditionFailed) told[racer] = 'lost'
      else if (error instanceof AmbiguousWrite || error instanceof ThrottledError) told[racer] = 'nothing'
      else throw error
    }
  }
  await settled(task.racers.map(attempt))
  return { kind: 'create', told }
}

export const tallySchema = z.object({ write: z.string(), done: z.array(z.string()) })
type Tally = z.infer<typeof tallySchema>

/** So long a race for one object may take: a store that is slow to decide is not waited for. */
const TALLY_MS = 8_000

async function tally(task: Task & { kind: 'tally' }, around: Surroundings): Promise<Outcome> {
  const { store, ambient } = around
  const register = new Register(store, task.key, tallySchema, ambient)
  // All racers have read the same before the first of them writes: whatever the store takes its time for, they meet at least once.
  const seen = await Promise.all(task.racers.map(() => register.read()))
  await around.meet()
  const until = ambient.monotonic() + TALLY_MS
  const isOver = () => around.stopped() || ambient.monotonic() > until
  const done: string[] = []
  let lost = 0
  const loop = async (racer: string, first: Version<Tally> | undefined) => {
    for (let i = 0; i < task.each && !isOver(); i++) {
      const known = i === 0 ? first : await register.read()
      lost += await add(register, `${racer}, entry ${i}`, known, { ambient, isOver, done })
    }
  }
  await settled(task.racers.map((racer, i) => loop(racer, seen[i])))
  return { kind: 'tally', done, lost }
}

interface Adding {
  readonly ambient: Ambient
  readonly isOver: () => boolean
  readonly done: string[]
}

/**
 * Adds one entry to what is known to stand; resolves to how many swaps were lost on the way. Should an answer be lost and others have
 * come after it, the list itself says that it stood.
 */
async function add(
  register: Register<Tally>,
  entry: string,
  known: Version<Tally> | undefined,
  { ambient, isOver, done }: Adding,
): Promise<number> {
  for (let lost = 0, seen = known; ; seen = await register.read()) {
    const isThere = seen?.value.done.includes(entry)
    if (isThere || (await register.swap(seen, { done: [...(seen?.value.done ?? []), entry] })).won) {
      done.push(entry)
      return lost
    }
    lost++
    if (isOver()) return lost
    await ambient.sleep(20 * ambient.random())
  }
}

async function textOf(store: ObjectStore, key: string): Promise<string | undefined> {
  const answer = await store.get(key)
  return answer.status === 'found' ? new TextDecoder().decode(answer.body) : undefined
}

/** Waits for all of them, then throws what the first of them threw: nobody may go on writing when the task is over. */
async function settled(works: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}
