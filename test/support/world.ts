// A small world on virtual time: one bucket, and clients that stand for processes, each with a fate of its own for its requests.
import type { Ambient } from '../../lib/ambient.ts'
import { Store } from '../../lib/runlet.ts'
import { type Fate, MemoryBucket, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { VirtualTime } from './virtual-time.ts'

export interface Client {
  readonly store: Store
  readonly objects: ObjectStore
  readonly ambient: Ambient
  /** Every request that it made: `operation key`, once it had its effect. */
  readonly requests: string[]
  /** From now on none of its requests is answered, as if it had been killed. */
  kill(): void
  /** From now on its requests and sleeps wait until `thaw`. */
  freeze(): void
  thaw(): void
}

/** What befalls the requests of a client; may look at them and wait. */
export type Weather = (request: MemoryRequest) => Fate | Promise<Fate>

const never = new Promise<never>(() => undefined)

export class World {
  readonly time: VirtualTime
  readonly bucket = new MemoryBucket()
  private readonly latencyMs: number
  private clients = 0

  constructor({ seed = 1, latencyMs = 10 }: { seed?: number; latencyMs?: number } = {}) {
    this.time = new VirtualTime(seed)
    this.latencyMs = latencyMs
  }

  /** A process with its own store, caches and clock. */
  client(options: { weather?: Weather; skewMs?: number; author?: string } = {}): Client {
    const plain = this.time.ambient(options.skewMs)
    const requests: string[] = []
    let dead = false
    let frozen: { until: Promise<void>; thaw: () => void } | undefined
    const live = async () => {
      while (frozen) await frozen.until
      if (dead) await never
    }
    const ambient: Ambient = {
      ...plain,
      sleep: async (ms, sleepOptions) => {
        await plain.sleep(ms, sleepOptions)
        await live()
      },
    }
    const schedule = async (request: MemoryRequest): Promise<Fate> => {
      await live()
      await plain.sleep(this.latencyMs / 2)
      const fate = (await options.weather?.(request)) ?? 'pass'
      if (request.phase === 'after') requests.push(`${request.operation} ${request.key}`)
      await live()
      return fate
    }
    // The bucket has one clock, whatever its clients' say.
    const objects = new MemoryStore({ bucket: this.bucket, schedule, ambient: this.time.ambient() })
    this.clients += 1
    const author = options.author ?? `client-${this.clients}`
    return {
      store: new Store(new MeteredStore(objects, ambient), ambient, author),
      objects,
      ambient,
      requests,
      kill: () => {
        dead = true
      },
      freeze: () => {
        let thaw = () => {}
        const until = new Promise<void>(resolve => {
          thaw = resolve
        })
        frozen = { until, thaw }
      },
      thaw: () => {
        const { thaw } = frozen ?? {}
        frozen = undefined
        thaw?.()
      },
    }
  }

  /** Runs a program to its end in this world. */
  run<T>(program: () => Promise<T>): Promise<T> {
    return this.time.run(program)
  }

  /** The document under a key, as it lies in the bucket. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of every kind
  peek(key: string): any {
    const object = this.bucket.objects.get(key)
    return object && JSON.parse(Buffer.from(object.body).toString())
  }

  keys(prefix = ''): string[] {
    return [...this.bucket.objects.keys()].filter(key => key.startsWith(prefix)).sort()
  }
}

/** Everything in a namespace, as text by path. */
export async function contents(namespace: {
  list(prefix?: string): AsyncIterable<{ path: string }>
  get(path: string): Promise<Uint8Array | undefined>
}): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for await (const { path } of namespace.list()) all[path] = text(await namespace.get(path))
  return all
}

export const text = (bytes: Uint8Array | undefined): string => (bytes ? Buffer.from(bytes).toString() : '(absent)')
