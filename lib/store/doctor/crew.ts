// The doctor's crew: four members who do the same thing to the store at the same moment.
//
// What a store can tell apart is connections and requests under way at once; whether these come from one process or from many it
// cannot see. But one JavaScript thread signs its requests one after the other, so that those to a store nearby arrive in a row. Hence
// the members are threads, each with its own copy of the library, its own client and its own sockets, that wait for one another on
// shared memory and then begin within microseconds. Measured on the test server with a gap of under 1 ms between condition and write:
// of 16 creates 6 to 7 were acknowledged from threads, 4 from one thread; either found the gap in nine rounds of ten.
// Where the store cannot be opened by its URL (memory:, a store that a test made) or threads cannot be had, the members are four
// loops in this thread, and the report says so.
import type { Ambient } from '../../ambient.ts'
import { AccessDeniedError, RunletError, StoreError } from '../../errors.ts'
import type { ObjectStore } from '../object-store.ts'
import { type Outcome, perform, type Task } from './task.ts'

export const MEMBERS = 4

export interface Crew {
  /** For people: "4 threads". */
  readonly described: string
  /** Every member gets its task; resolves to their outcomes once all are done. Rejects with what the first of them threw. */
  all<Kind extends Task['kind']>(tasks: readonly (Task & { kind: Kind })[]): Promise<(Outcome & { kind: Kind })[]>
  /** Members begin nothing new in the tasks that they are at. */
  stop(): void
  close(): Promise<void>
}

/** Members in this thread, on the store as it is. */
export function crewHere(store: ObjectStore, ambient: Ambient): Crew {
  let stopped = false
  return {
    described: `${MEMBERS} loops in one thread`,
    all: tasks => {
      const meet = meetingOf(tasks.length)
      const around = { store, ambient, meet, stopped: () => stopped }
      return allDone(tasks.map(task => perform(task, around).finally(meet)))
    },
    stop: () => {
      stopped = true
    },
    close: async () => undefined,
  }
}

/** Resolves for all who call it when as many have. Who fails on the way calls it too. */
function meetingOf(size: number): () => Promise<void> {
  let missing = size
  let begin = () => {}
  const begun = new Promise<void>(resolve => {
    begin = resolve
  })
  return () => {
    missing -= 1
    if (missing === 0) begin()
    return begun
  }
}

/** The slots of the memory that members share. */
export const ARRIVED = 0
export const STOPPED = 1

export interface Recruit {
  readonly url: string
  readonly shared: SharedArrayBuffer
}

export interface Order {
  readonly id: number
  readonly task: Task
  /** How many will have arrived when all have. */
  readonly meetAt: number
}

/** An error as it comes from a thread: there is no sending a class. */
interface Failed {
  readonly code: string
  readonly operation?: string
  readonly key?: string
  readonly message: string
}

export type Answer =
  | { readonly id: number; readonly outcome: Outcome }
  | { readonly id: number; readonly error: Failed }

interface Member {
  order(order: Order): Promise<Outcome>
  end(): Promise<unknown>
}

/** Members that are threads and open the store anew; undefined when there is no having threads. */
export async function crewOfThreads(url: string): Promise<Crew | undefined> {
  const shared = new SharedArrayBuffer(8)
  const slots = new Int32Array(shared)
  const recruits = Array.from({ length: MEMBERS }, () => recruit({ url, shared }))
  const members = await Promise.all(recruits).catch(() => undefined)
  if (!members) {
    for (const member of await Promise.allSettled(recruits)) if (member.status === 'fulfilled') await member.value.end()
    return undefined
  }
  let meetings = 0
  let id = 0
  return {
    described: `${MEMBERS} threads`,
    all: tasks => {
      const meets = tasks.some(({ kind }) => kind === 'create' || kind === 'tally')
      if (meets) meetings += tasks.length
      return allDone(tasks.map((task, i) => (members[i] as Member).order({ id: ++id, task, meetAt: meetings })))
    },
    stop: () => void Atomics.store(slots, STOPPED, 1),
    close: async () => void (await Promise.all(members.map(member => member.end()))),
  }
}

/** Starts one thread and waits until it has opened the store. */
async function recruit(workerData: Recruit): Promise<Member> {
  const { Worker } = await import('node:worker_threads')
  const file = import.meta.url.replace(/crew(?=\.\w+$)/, 'member')
  // What the SDK warns of, it warns of in the main thread too.
  const worker = new Worker(new URL(file), { workerData, stderr: true })
  worker.stderr.resume()
  worker.unref()
  const waiting = new Map<number, { resolve: (outcome: Outcome) => void; reject: (error: unknown) => void }>()
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', (answer: Answer) => {
    const { resolve, reject } = waiting.get(answer.id) ?? {}
    waiting.delete(answer.id)
    if ('outcome' in answer) resolve?.(answer.outcome)
    else reject?.(errorOf(answer.error))
  })
  worker.on('error', fail)
  worker.on('exit', () => fail(new StoreError('open', workerData.url, 'a thread of the doctor ended')))
  const asked = (id: number) =>
    new Promise<Outcome>((resolve, reject) => {
      if (failure) reject(failure.error)
      else waiting.set(id, { resolve, reject })
    })
  // A thread keeps the process alive while something is asked of it, and no longer.
  const awaited = async (id: number): Promise<Outcome> => {
    worker.ref()
    return asked(id).finally(() => worker.unref())
  }
  await awaited(READY)
  return {
    order: order => {
      const answer = awaited(order.id)
      worker.postMessage(order)
      return answer
    },
    end: () => worker.terminate(),
  }
}

/** The id of the message that a thread sends by itself when it has opened the store. */
export const READY = 0

function errorOf({ code, operation = '', key = '', message }: Failed): RunletError {
  if (code === 'ERR_RUNLET_ACCESS_DENIED')
    return new AccessDeniedError(operation, key, 'AccessDenied in a thread of the doctor')
  return new RunletError(code, message)
}

async function allDone<Kind extends Task['kind']>(
  works: readonly Promise<Outcome>[],
): Promise<(Outcome & { kind: Kind })[]> {
  const outcomes = await Promise.allSettled(works)
  return outcomes.map(outcome => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value as Outcome & { kind: Kind }
  })
}
