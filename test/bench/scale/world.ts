// A world of the scale benchmark: one bucket, the S3 kind of store over a simulated network, and processes that come and go, all on virtual
// time. Computing takes none of it. What the bucket saw is summed up here as it goes; a day has millions of requests.
import { isImmutable } from '../../../lib/namespace/keys.ts'
import { Store } from '../../../lib/runlet.ts'
import { CachedStore } from '../../../lib/store/cached-store.ts'
import { MeteredStore } from '../../../lib/store/metered-store.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { S3Store } from '../../../lib/store/s3/s3-store.ts'
import { VirtualTime } from '../../support/virtual-time.ts'
import type { Base } from './base.ts'
import { Bucket } from './bucket.ts'
import { type HeadSample, sampleHead } from './head-sample.ts'
import { connectionTo, type Network, type Seen } from './s3-client.ts'

export const PARENT = 'p'
const BYTES_PER_MS = 100_000

export interface WorldOptions {
  readonly seed?: number
  readonly roundTripMs: number
  /** To the same key. Default: no limit. */
  readonly writesASecond?: number | undefined
  /** What the parent holds. */
  readonly base: Base
}

/** A process, with a store of its own and no cache. */
export interface Process {
  readonly store: Store
  /** From now on none of its requests is sent or answered. */
  kill(): void
}

/** What the bucket saw since the last `reset`. */
export interface Tally {
  requests: number
  bytesUp: number
  bytesDown: number
  /** Pages of listings are requests of their own. */
  byOperation: Record<Seen['operation'], number>
  throttled: number
  heads: HeadSample[]
  /** The most changes that one look at the parent's queue found. */
  longestQueue: number
}

/** As openStore does it, each process on a machine of its own that has seen nothing yet; but the disk is memory, for it must take no time. */
function cached(store: ObjectStore): ObjectStore {
  const kept = new Map<string, Uint8Array>()
  const cache = {
    get: async (name: string) => kept.get(name),
    put: async (name: string, body: Uint8Array) => void kept.set(name, body),
    idle: async () => undefined,
  }
  return new CachedStore(store, cache, isImmutable)
}

const never = new Promise<never>(() => undefined)
const newTally = (): Tally => ({
  requests: 0,
  bytesUp: 0,
  bytesDown: 0,
  byOperation: { get: 0, put: 0, delete: 0, list: 0 },
  throttled: 0,
  heads: [],
  longestQueue: 0,
})

export class ScaleWorld {
  readonly time: VirtualTime
  readonly bucket: Bucket
  tally = newTally()
  private readonly network: Network
  private processes = 0

  constructor({ seed = 1, roundTripMs, writesASecond, base }: WorldOptions) {
    this.time = new VirtualTime(seed)
    this.network = { roundTripMs, bytesPerMs: BYTES_PER_MS }
    this.bucket = new Bucket({ writesASecond })
    for (const object of base) this.bucket.place(object.key, object)
  }

  process(): Process {
    this.processes += 1
    let dead = false
    const ambient = this.time.ambient()
    const alive = async () => {
      if (dead) await never
    }
    const objects = new S3Store(
      connectionTo({ bucket: this.bucket, network: this.network, ambient, alive, onRequest: seen => this.note(seen) }),
      ambient,
    )
    return {
      store: new Store(cached(new MeteredStore(objects, ambient)), ambient, `process-${this.processes}`),
      kill: () => {
        dead = true
      },
    }
  }

  run<T>(program: () => Promise<T>): Promise<T> {
    return this.time.run(program)
  }

  sleep(ms: number): Promise<void> {
    return this.time.ambient().sleep(ms)
  }

  /** Runs it, and says how many milliseconds it took. */
  async clock<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
    const startedAt = this.time.elapsed
    const value = await work()
    return { value, ms: this.time.elapsed - startedAt }
  }

  reset(): void {
    this.tally = newTally()
  }

  private note({ operation, key, at, bytesUp, bytesDown, status, entries }: Seen): void {
    const { tally } = this
    tally.requests += 1
    tally.bytesUp += bytesUp
    tally.bytesDown += bytesDown
    tally.byOperation[operation] += 1
    if (status === 503) tally.throttled += 1
    if (key === QUEUE_PREFIX) tally.longestQueue = Math.max(tally.longestQueue, entries)
    if (operation !== 'put' || status !== 200 || key !== HEAD_KEY) return
    tally.heads.push(sampleHead(at, this.bucket.get(key)?.body ?? new Uint8Array()))
  }
}

const HEAD_KEY = `ns/${PARENT}/_/head`
const QUEUE_PREFIX = `ns/${PARENT}/_/queue/`
