// The way from one process to the store and back: requests take their time and overtake one another, get lost before or after
// their effect, take effect long after the client gave up, and are throttled; a listing is read page by page, between which others
// write. The store itself (memory-store.ts) does each request at one moment.
import { AbortedError, AmbiguousWrite, StoreError, ThrottledError } from '../../lib/errors.ts'
import type { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import type {
  Body,
  GetOptions,
  GetResult,
  ListEntry,
  ListOptions,
  ObjectStore,
  PutOptions,
} from '../../lib/store/object-store.ts'
import type { VirtualTime } from '../support/virtual-time.ts'
import type { Life } from './life.ts'
import type { Climate } from './plan.ts'
import type { Random } from './random.ts'

type Operation = 'get' | 'put' | 'delete' | 'list'

interface Request<T> {
  readonly operation: Operation
  readonly key: string
  readonly signal: AbortSignal | undefined
  readonly effect: () => Promise<T>
}

/** While the network is down some messages come through. */
const LOSS_WHILE_DOWN = 0.6

export interface Surroundings {
  readonly time: VirtualTime
  readonly life: Life
  readonly climate: Climate
  readonly random: Random
  /** Told of each thing that happens, in order. */
  readonly note: (line: string) => void
}

export class Network implements ObjectStore {
  readonly url = 'memory:'
  readonly kind = 'memory'
  private readonly store: MemoryStore
  private readonly around: Surroundings
  private downUntil = 0
  private lossOfAnswers = { after: 0, count: 0 }

  constructor(store: MemoryStore, around: Surroundings) {
    this.store = store
    this.around = around
  }

  /** Of the requests from now on, loses the answers of so many. */
  losesAnswers(which: { readonly after: number; readonly count: number }): void {
    this.lossOfAnswers = { ...which }
  }

  get(key: string, options: GetOptions = {}): Promise<GetResult> {
    const { signal, ...rest } = options
    return this.request({ operation: 'get', key, signal, effect: () => this.store.get(key, rest) })
  }

  async put(
    key: string,
    body: Body,
    options: PutOptions = {},
  ): Promise<{ etag: Awaited<ReturnType<MemoryStore['put']>>['etag'] }> {
    const { signal, ...rest } = options
    const bytes = body instanceof Uint8Array ? body : await this.collect(body)
    return this.request({ operation: 'put', key, signal, effect: () => this.store.put(key, bytes, rest) })
  }

  delete(keys: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options
    const effect = () => this.store.delete(keys)
    return this.request({ operation: 'delete', key: keys.join(' '), signal, effect })
  }

  async *list(options: ListOptions): AsyncIterable<ListEntry> {
    const { signal, ...rest } = options
    const size = rest.delimiter ? Number.POSITIVE_INFINITY : 2 + this.around.random.below(8)
    for (let { startAfter } = rest; ; ) {
      const page = await this.request({
        operation: 'list',
        key: rest.prefix,
        signal,
        effect: () => this.page({ ...rest, startAfter }, size),
      })
      yield* page.slice(0, size)
      if (page.length <= size) return
      startAfter = page[size - 1]?.key
    }
  }

  async close(): Promise<void> {}

  /** One entry more than the page holds says that there are more. */
  private async page(options: ListOptions, size: number): Promise<ListEntry[]> {
    const entries: ListEntry[] = []
    for await (const entry of this.store.list(options)) {
      entries.push(entry)
      if (entries.length > size) break
    }
    return entries
  }

  private async collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of body) {
      await this.around.life.passing()
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  private async request<T>(request: Request<T>): Promise<T> {
    const { life, note } = this.around
    const { operation, key, signal } = request
    await life.passing()
    if (signal?.aborted) throw new AbortedError(`${operation} "${key}"`, signal.reason)
    note(`${operation} ${key}`)
    try {
      const answer = await unlessAborted(this.travel(request), request)
      note(`${operation} ${key} answered`)
      return answer
    } catch (error) {
      note(`${operation} ${key} ${(error as Error).name}`)
      throw error
    } finally {
      await life.passing()
    }
  }

  /** What befalls the request outside of the process, whether that lives or not. */
  private async travel<T>(request: Request<T>): Promise<T> {
    const { climate, random } = this.around
    const answerIsLost = this.losesThisAnswer()
    await this.wait(this.delayMs())
    if (random.chance(climate.throttle)) throw new ThrottledError(request.key)
    if (random.chance(climate.late)) return this.arriveLate(request)
    if (random.chance(climate.outage)) this.downUntil = this.now + random.between(200, 20_000)
    if (random.chance(this.loss)) throw this.lost(request)
    const answer = await request.effect()
    await this.wait(this.delayMs())
    if (answerIsLost || random.chance(this.loss)) throw this.lost(request)
    return answer
  }

  private losesThisAnswer(): boolean {
    const which = this.lossOfAnswers
    if (which.after > 0) which.after -= 1
    else if (which.count > 0) return which.count-- > 0
    return false
  }

  private get now(): number {
    return this.around.time.elapsed
  }

  /** The chance that a message is lost at this moment. */
  private get loss(): number {
    return this.now < this.downUntil ? LOSS_WHILE_DOWN : this.around.climate.lose
  }

  private async arriveLate<T>(request: Request<T>): Promise<never> {
    const { random } = this.around
    void this.wait(random.between(100, 90_000))
      .then(request.effect)
      .catch(() => undefined)
    await this.wait(random.between(100, 5_000))
    throw this.lost(request)
  }

  private lost({ operation, key }: Request<unknown>): Error {
    if (operation === 'put') return new AmbiguousWrite(key)
    return new StoreError(operation, key, 'the connection was cut')
  }

  private delayMs(): number {
    const { climate, random } = this.around
    return random.chance(climate.slow) ? random.between(500, 8_000) : random.between(1, climate.delayMs)
  }

  private wait(ms: number): Promise<void> {
    return this.around.time.ambient().sleep(ms)
  }
}

/** A client that is told to stop waits no longer; what it sent is on its way. */
function unlessAborted<T>(answer: Promise<T>, { operation, key, signal }: Request<T>): Promise<T> {
  if (!signal) return answer
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortedError(`${operation} "${key}"`, signal.reason))
    signal.addEventListener('abort', onAbort, { once: true })
    void answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
