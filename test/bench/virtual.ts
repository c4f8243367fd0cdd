// Measuring on virtual time: a request takes exactly 15 ms and computing takes none, so elapsed time over 15 ms is the number of
// round trips that had to follow one another, waiting between polls included. Exact, and the same on every machine.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { RequestEvent } from '../../lib/events.ts'
import type { Namespace, Store } from '../../lib/runlet.ts'
import { type Meter, metered } from '../../lib/store/metered-store.ts'
import { World } from '../support/world.ts'
import { fill, kibibyte } from './parents.ts'

export const LATENCY_MS = 15
const ROWS = 1000

export interface Measured<T> {
  readonly value: T
  /** Requests that the work itself made and waited for, as the library's meter sees it. A fold meters itself: see its result. */
  readonly requests: number
  readonly roundTrips: number
  /** Of everybody while it lasted, the background included. */
  readonly bytes: { readonly up: number; readonly down: number }
  readonly seen: readonly SeenRequest[]
}

export interface SeenRequest {
  /** In round trips from the start of what was measured. */
  readonly at: number
  readonly by: string
  readonly operation: string
  readonly key: string
  /** Whether it had its effect: a conditional put that lost has not. */
  readonly stood: boolean
}

interface Logged {
  readonly at: number
  readonly by: string
  readonly operation: string
  readonly key: string
  stood: boolean
}

/** One bucket, with a parent "p" that holds some rows and has taken some small writes since. */
export class VirtualBucket {
  private readonly world: World
  private readonly log: Logged[] = []

  private constructor(seed: number) {
    this.world = new World({ seed, latencyMs: LATENCY_MS })
  }

  static async open({ seed = 1, writes = 0 }: { seed?: number; writes?: number } = {}): Promise<VirtualBucket> {
    const bucket = new VirtualBucket(seed)
    await bucket.run(async () => {
      const parent = await bucket.process('setup').namespace('p', { create: true })
      await fill(parent, ROWS)
      for (let i = 0; i < writes; i++) await parent.put(`before/${i}`, kibibyte(i))
      await parent.idle()
    })
    return bucket
  }

  /** A new process. */
  process(by: string): Store {
    const { world, log } = this
    return world.client({
      weather: ({ phase, operation: plain, key, conditional }) => {
        const operation = conditional ? `conditional ${plain}` : plain
        const at = world.time.elapsed - LATENCY_MS / 2
        if (phase === 'before') log.push({ at, by, operation, key, stood: false })
        else {
          const began = log.findLast(
            one => !one.stood && one.by === by && one.key === key && one.operation === operation,
          )
          if (began) began.stood = true
        }
        return 'pass'
      },
    }).store
  }

  /** The parent, as a new process opens it. */
  parent(by: string): Promise<Namespace> {
    return this.process(by).namespace('p')
  }

  run<T>(program: () => Promise<T>): Promise<T> {
    return this.world.run(program)
  }

  /** Measures work inside `run`. */
  async measure<T>(work: () => Promise<T>): Promise<Measured<T>> {
    const { time } = this.world
    const startedAt = time.elapsed
    const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
    const bytes = { up: 0, down: 0 }
    const count = (event: unknown) => {
      bytes.up += (event as RequestEvent).bytesUp
      bytes.down += (event as RequestEvent).bytesDown
    }
    subscribe('runlet:request', count)
    const value = await metered(meter, work).finally(() => unsubscribe('runlet:request', count))
    const roundTrips = (time.elapsed - startedAt) / LATENCY_MS
    // A request that began at the very end is none that was waited for.
    const seen = this.log
      .filter(({ at }) => at >= startedAt && at < time.elapsed)
      .map(one => ({ ...one, at: (one.at - startedAt) / LATENCY_MS }))
    return { value, requests: meter.requests, roundTrips, bytes, seen }
  }
}

/** How often a namespace's head was swapped. */
export const swapsOf = (namespace: string, seen: readonly SeenRequest[]): number =>
  seen.filter(({ key, operation, stood }) => stood && key === `ns/${namespace}/_/head` && operation.endsWith('put'))
    .length

export const traceOf = (seen: readonly SeenRequest[]): string[] =>
  seen.map(
    ({ at, by, operation, key, stood }) => `${at.toFixed(1)} ${by}: ${operation} ${key}${stood ? '' : ' (lost)'}`,
  )

/** The one of which `size` is largest. */
export function worst<T>(all: readonly T[], size: (one: T) => number): T {
  return all.reduce((a, b) => (size(b) > size(a) ? b : a))
}
