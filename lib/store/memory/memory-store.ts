// The memory kind of store: for tests, examples and simulation. Its semantics are those of object-store.ts, no more lenient.
// A schedule can delay every request, and lose it or its answer, so that simulation reaches each step of a protocol.
// Several stores may share one bucket, each standing for a client with a schedule of its own.
import { type Ambient, systemAmbient } from '../../ambient.ts'
import {
  AbortedError,
  AmbiguousWrite,
  InvalidArgumentError,
  PreconditionFailed,
  StoreError,
  ThrottledError,
} from '../../errors.ts'
import { compareBytes, type Etag } from '../../names.ts'
import { assertNoLarger } from '../bounded.ts'
import type { Body, GetOptions, GetResult, ListEntry, ListOptions, ObjectStore, PutOptions } from '../object-store.ts'

/** One request, as a schedule sees it: once before its effect and once after. */
export interface MemoryRequest {
  readonly phase: 'before' | 'after'
  readonly operation: 'get' | 'put' | 'delete' | 'list'
  readonly key: string
  readonly conditional: boolean
}

/** What befalls a request. `lose` cuts the connection: before its effect, or after it and before its answer. */
export type Fate = 'pass' | 'lose' | 'throttle'

/** Called around every request; may wait for as long as it likes. */
type Schedule = (request: MemoryRequest) => Promise<Fate>

interface StoredObject {
  readonly body: Uint8Array
  readonly etag: Etag
  readonly lastModified: number
}

/** What one or more memory stores hold. */
export class MemoryBucket {
  readonly objects = new Map<string, StoredObject>()
  private versions = 0

  nextEtag(): Etag {
    this.versions += 1
    return `v${this.versions}` as Etag
  }
}

export interface MemoryStoreOptions {
  bucket?: MemoryBucket
  schedule?: Schedule
  ambient?: Ambient
}

export class MemoryStore implements ObjectStore {
  readonly url: string = 'memory:'
  readonly kind = 'memory'
  private readonly bucket: MemoryBucket
  private readonly schedule: Schedule
  private readonly ambient: Ambient

  constructor(options: MemoryStoreOptions = {}) {
    this.bucket = options.bucket ?? new MemoryBucket()
    this.ambient = options.ambient ?? systemAmbient
    this.schedule = options.schedule ?? letTimersRun(this.ambient)
  }

  async get(key: string, options: GetOptions = {}): Promise<GetResult> {
    return this.request({ operation: 'get', key, conditional: false }, options.signal, () => {
      const object = this.bucket.objects.get(key)
      const serverTime = this.ambient.now()
      if (!object) return { status: 'missing' }
      if (object.etag === options.ifNoneMatch) return { status: 'unchanged', serverTime }
      if (options.ifMatch && object.etag !== options.ifMatch) return { status: 'changed' }
      const { range } = options
      assertNoLarger(key, object.body.length, options.maxBytes)
      const body = new Uint8Array(range ? object.body.subarray(range.start, range.end + 1) : object.body)
      return { status: 'found', body, etag: object.etag, lastModified: object.lastModified, serverTime }
    })
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ etag: Etag }> {
    const { condition } = options
    const bytes = await collect(body, condition !== undefined)
    return this.request({ operation: 'put', key, conditional: condition !== undefined }, options.signal, () => {
      const current = this.bucket.objects.get(key)
      const holds = !condition || ('ifMatch' in condition ? current?.etag === condition.ifMatch : !current)
      if (!holds) throw new PreconditionFailed(key)
      const etag = this.bucket.nextEtag()
      this.bucket.objects.set(key, { body: bytes, etag, lastModified: this.ambient.now() })
      return { etag }
    })
  }

  async delete(keys: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (keys.length === 0) return
    await this.request({ operation: 'delete', key: keys[0] ?? '', conditional: false }, options.signal, () => {
      for (const key of keys) this.bucket.objects.delete(key)
    })
  }

  async *list(options: ListOptions): AsyncIterable<ListEntry> {
    const entries = await this.request(
      { operation: 'list', key: options.prefix, conditional: false },
      options.signal,
      () => this.entriesOf(options),
    )
    yield* entries
  }

  async close(): Promise<void> {}

  private entriesOf({ prefix, startAfter = '', delimiter }: ListOptions): ListEntry[] {
    const entries = new Map<string, ListEntry>()
    const keys = [...this.bucket.objects.keys()].filter(key => key.startsWith(prefix)).sort(compareBytes)
    for (const key of keys) {
      const object = this.bucket.objects.get(key)
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
      const rolled = cut === -1 ? key : key.slice(0, cut + 1)
      if (!object || compareBytes(rolled, startAfter) <= 0 || compareBytes(key, startAfter) <= 0) continue
      if (cut !== -1) entries.set(rolled, { kind: 'prefix', key: rolled })
      else entries.set(key, { kind: 'object', key, ...describe(object) })
    }
    return [...entries.values()]
  }

  private async request<T>(
    what: Omit<MemoryRequest, 'phase'>,
    signal: AbortSignal | undefined,
    effect: () => T,
  ): Promise<T> {
    if (signal?.aborted) throw new AbortedError(`${what.operation} "${what.key}"`, signal.reason)
    const lost = () => {
      if (what.operation === 'put') return new AmbiguousWrite(what.key)
      return new StoreError(what.operation, what.key, 'the connection was cut')
    }
    const before = await this.schedule({ ...what, phase: 'before' })
    if (before === 'lose') throw lost()
    if (before === 'throttle') throw new ThrottledError(what.key)
    const result = effect()
    const after = await this.schedule({ ...what, phase: 'after' })
    if (after === 'lose') throw lost()
    return result
  }
}

/** Longer than so much no timer waits. */
const BREATH_MS = 50

/**
 * The schedule of who gives none. What is answered at once lets no timer run: in work of minutes no lease of this process would be renewed.
 */
function letTimersRun(ambient: Ambient): Schedule {
  let last = ambient.monotonic()
  return async () => {
    if (ambient.monotonic() - last >= BREATH_MS) {
      await ambient.sleep(0)
      last = ambient.monotonic()
    }
    return 'pass'
  }
}

const describe = ({ body, lastModified, etag }: StoredObject) => ({ size: body.length, lastModified, etag })

async function collect(body: Body, conditional: boolean): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return new Uint8Array(body)
  if (conditional)
    throw new InvalidArgumentError('body', 'a stream cannot be put with a condition', 'Pass a Uint8Array.')
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}
