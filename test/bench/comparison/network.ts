// A bucket behind a network, on virtual time: a request takes its latency and the time that its bodies travel, computing takes none. Counts
// what Amazon would bill. An index of today's tools may weigh more than it holds: the rows that were there before are not in memory,
// yet every get and put of it carries them. So do later rows beyond the first hundred, or each of ten thousand writes would parse all before.
import { Store } from '../../../lib/runlet.ts'
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../../lib/store/metered-store.ts'
import type {
  Body,
  GetOptions,
  GetResult,
  ListEntry,
  ListOptions,
  ObjectStore,
  PutOptions,
} from '../../../lib/store/object-store.ts'
import { VirtualTime } from '../../support/virtual-time.ts'
import type { Network } from '../index/messages.ts'
import type { Hands } from './ways.ts'

const ENTRIES_A_PAGE = 1000
const ROWS_KEPT = 100

/** Requests by what they are billed as. */
export interface Traffic {
  puts: number
  gets: number
  lists: number
  deletes: number
  bytesUp: number
  bytesDown: number
}

export const requestsOf = ({ puts, gets, lists, deletes }: Traffic): number => puts + gets + lists + deletes

const noTraffic = (): Traffic => ({ puts: 0, gets: 0, lists: 0, deletes: 0, bytesUp: 0, bytesDown: 0 })

/** What lies in a bucket from the start. */
export interface Contents {
  readonly objects: MemoryBucket['objects']
  /** The newest ETag in it. */
  readonly lastEtag: string
  /** By key, what an index weighs above what it holds. */
  readonly weights: ReadonlyMap<string, number>
}

export class SimulatedBucket {
  readonly time: VirtualTime
  readonly traffic = noTraffic()
  readonly #bucket = new MemoryBucket()
  readonly #network: Network
  readonly #weights: Map<string, number>

  constructor({ objects, lastEtag, weights }: Contents, network: Network, seed: number) {
    this.time = new VirtualTime(seed)
    this.#network = network
    this.#weights = new Map(weights)
    for (const [key, object] of objects) this.#bucket.objects.set(key, object)
    // What was given out before must not come again.
    while (this.#bucket.nextEtag() !== lastEtag);
  }

  /** A new process. */
  process(author: string): Hands {
    const ambient = this.time.ambient()
    const inner = new MemoryStore({ bucket: this.#bucket, ambient })
    const objects = new FarStore(inner, {
      ambient,
      network: this.#network,
      weights: this.#weights,
      traffic: this.traffic,
    })
    return { objects, store: new Store(new MeteredStore(objects, ambient), ambient, author), ambient }
  }

  /** Forgets the traffic so far. */
  forget(): void {
    Object.assign(this.traffic, noTraffic())
  }

  storedBytes(): number {
    let bytes = 0
    for (const [key, { body }] of this.#bucket.objects) bytes += body.length + (this.#weights.get(key) ?? 0)
    return bytes
  }
}

interface Far {
  readonly ambient: Hands['ambient']
  readonly network: Network
  readonly weights: Map<string, number>
  readonly traffic: Traffic
}

class FarStore implements ObjectStore {
  readonly url: string
  readonly kind = 'memory'
  readonly #inner: ObjectStore
  readonly #far: Far

  constructor(inner: ObjectStore, far: Far) {
    this.#inner = inner
    this.#far = far
    this.url = inner.url
  }

  async get(key: string, options?: GetOptions): Promise<GetResult> {
    const { traffic } = this.#far
    traffic.gets += 1
    await this.#travel(0)
    const answer = await this.#inner.get(key, options)
    const bytes = answer.status === 'found' ? answer.body.length + this.#weightOf(key) : 0
    traffic.bytesDown += bytes
    await this.#travel(bytes)
    return answer
  }

  async put(key: string, body: Body, options?: PutOptions): ReturnType<ObjectStore['put']> {
    if (!(body instanceof Uint8Array)) throw new Error('a stream is not simulated')
    const { traffic } = this.#far
    const bytes = body.length + this.#weightOf(key)
    traffic.puts += 1
    traffic.bytesUp += bytes
    await this.#travel(bytes)
    try {
      return await this.#inner.put(key, this.#lightened(key, body), options)
    } finally {
      await this.#travel(0)
    }
  }

  async delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void> {
    if (keys.length === 0) return
    this.#far.traffic.deletes += 1
    await this.#travel(0)
    await this.#inner.delete(keys, options)
    await this.#travel(0)
  }

  async *list(options: ListOptions): AsyncIterable<ListEntry> {
    let entries = 0
    for await (const entry of this.#inner.list(options)) {
      if (entries % ENTRIES_A_PAGE === 0) await this.#page()
      entries += 1
      yield entry
    }
    if (entries === 0) await this.#page()
  }

  async close(): Promise<void> {}

  async #page(): Promise<void> {
    this.#far.traffic.lists += 1
    await this.#travel(0)
    await this.#travel(0)
  }

  /** Half a round trip with so many bytes. */
  #travel(bytes: number): Promise<void> {
    const { ambient, network } = this.#far
    const { latencyMs, bytesPerSecond = Number.POSITIVE_INFINITY } = network
    return ambient.sleep(latencyMs / 2 + (bytes / bytesPerSecond) * 1000)
  }

  /** The body, or of an index the first of its rows: the others become weight. */
  #lightened(key: string, body: Uint8Array): Uint8Array {
    const weight = this.#far.weights.get(key)
    if (weight === undefined) return body
    const rows = Object.entries(JSON.parse(Buffer.from(body).toString()))
    if (rows.length <= ROWS_KEPT) return body
    const kept = Buffer.from(JSON.stringify(Object.fromEntries(rows.slice(0, ROWS_KEPT))))
    this.#far.weights.set(key, weight + body.length - kept.length)
    return kept
  }

  #weightOf(key: string): number {
    return this.#far.weights.get(key) ?? 0
  }
}
