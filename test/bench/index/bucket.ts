// The bucket of the index benchmark, seen from outside: gives jobs to new processes, and says what each cost at the server.
import type { Answer, Cost, Job, Network, SeenRequest, Stored } from './messages.ts'
import { ServerProcess, type Worker, Workers } from './processes.ts'

type WithoutUrl<T> = T extends unknown ? Omit<T, 'url'> : never
export type Task = WithoutUrl<Job>

/** What one process cost. */
export interface Measured {
  readonly answer: Answer
  /** All that arrived at the server until it was gone, upkeep included. */
  readonly all: Cost
  readonly peakBytes: number
  readonly seen: readonly SeenRequest[]
}

export class Bucket {
  readonly workers = new Workers()
  readonly #server: ServerProcess
  #url = ''

  private constructor(network: Network | undefined) {
    this.#server = new ServerProcess(network)
  }

  static async open(network?: Network): Promise<Bucket> {
    const bucket = new Bucket(network)
    bucket.#url = await bucket.#server.ask({ kind: 'url' })
    return bucket
  }

  give(worker: Worker, task: Task): Promise<Answer> {
    return worker.give({ ...task, url: this.#url })
  }

  /** A job done by a new process, and what that cost. */
  async measure(task: Task, worker = this.workers.take()): Promise<Measured> {
    const { value, seen } = await this.watch(async () => {
      const answer = await this.give(worker, task)
      return { answer, ...(await worker.end()) }
    })
    const all = sumOf(seen)
    const own = value.answer.own.reduce((sum, one) => sum + one.requests, 0)
    if (own > all.requests)
      throw new Error(`${task.kind}: the meter counts ${own} requests, the server ${all.requests}`)
    return { ...value, all, seen }
  }

  /** What arrives at the server while `work` lasts. */
  async watch<T>(work: () => Promise<T>): Promise<{ value: T; seen: readonly SeenRequest[] }> {
    await this.#server.ask({ kind: 'reset' })
    const value = await work()
    return { value, seen: await this.#server.ask<SeenRequest[]>({ kind: 'requests' }) }
  }

  /** How much lies below a prefix. */
  stored(prefix: string): Promise<Stored> {
    return this.#server.ask({ kind: 'stored', prefix })
  }

  /** Puts the store's clock forward. */
  advance(ms: number): Promise<void> {
    return this.#server.ask({ kind: 'advance', ms })
  }

  close(): void {
    this.workers.end()
    this.#server.kill()
  }
}

export const NOTHING: Cost = { requests: 0, bytesUp: 0, bytesDown: 0 }

export const plus = (a: Cost, b: Cost): Cost => ({
  requests: a.requests + b.requests,
  bytesUp: a.bytesUp + b.bytesUp,
  bytesDown: a.bytesDown + b.bytesDown,
})

export const minus = (a: Cost, b: Cost): Cost => ({
  requests: a.requests - b.requests,
  bytesUp: a.bytesUp - b.bytesUp,
  bytesDown: a.bytesDown - b.bytesDown,
})

export const total = (costs: readonly Cost[]): Cost => costs.reduce(plus, NOTHING)

export const sumOf = (seen: readonly SeenRequest[]): Cost =>
  total(seen.map(({ bytesUp, bytesDown }) => ({ requests: 1, bytesUp, bytesDown })))

export const traceOf = (seen: readonly SeenRequest[]): string[] =>
  seen.map(({ at, operation, key, status, bytesUp, bytesDown }) => {
    return `${Math.round(at)} ms: ${operation} ${key} -> ${status} (${bytesUp} B up, ${bytesDown} B down)`
  })
