// Counts the requests and bytes that pass to a store: for `runlet:request` events, and for whoever asked to meter the work that
// it started (a fold reports its own requests, however many folds run at once in the process). It changes no answer; but once it is
// closed it makes no request any more, whatever the kind of store: nobody renews the lease of a run that was never given back.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Ambient } from '../ambient.ts'
import { StoreClosedError } from '../errors.ts'
import { type EventOutcome, outcomeOf, publish, type RequestEvent } from '../events.ts'
import type { Etag } from '../names.ts'
import type {
  Body,
  CopyResult,
  CopySource,
  GetOptions,
  GetResult,
  ListEntry,
  ListOptions,
  ObjectStore,
  PutOptions,
  UploadOptions,
} from './object-store.ts'

/** What some piece of work cost at the store. A listing counts as one request. */
export interface Meter {
  /** How many were made. */
  requests: number
  /** Of what was sent. */
  bytesUp: number
  /** Of what was received. */
  bytesDown: number
}

const meters = new AsyncLocalStorage<readonly Meter[]>()

/** Runs `work` and counts every request that it makes in `meter`, and in those that this itself is on. */
export function metered<T>(meter: Meter, work: () => Promise<T>): Promise<T> {
  return meters.run([...(meters.getStore() ?? []), meter], work)
}

/** Runs upkeep that nobody asked for: it is on no meter. */
export function unmetered<T>(work: () => Promise<T>): Promise<T> {
  return meters.run([], work)
}

type Seen = { -readonly [Key in 'bytesUp' | 'bytesDown']: RequestEvent[Key] }

export class MeteredStore implements ObjectStore {
  readonly url: string
  readonly kind: ObjectStore['kind']
  private readonly inner: ObjectStore
  private readonly ambient: Ambient
  private isClosed = false

  constructor(inner: ObjectStore, ambient: Ambient) {
    this.inner = inner
    this.ambient = ambient
    this.url = inner.url
    this.kind = inner.kind
  }

  get(key: string, options?: GetOptions): Promise<GetResult> {
    return this.observe('get', key, async seen => {
      const answer = await this.inner.get(key, options)
      if (answer.status === 'found') seen.bytesDown = answer.body.length
      return answer
    })
  }

  put(key: string, body: Body, options?: PutOptions): Promise<{ etag: Etag }> {
    return this.observe('put', key, seen => {
      if (body instanceof Uint8Array) {
        seen.bytesUp = body.length
        return this.inner.put(key, body, options)
      }
      return this.inner.put(key, counted(body, seen), options)
    })
  }

  delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void> {
    return this.observe('delete', keys[0] ?? '', () => this.inner.delete(keys, options))
  }

  async *list(options: ListOptions): AsyncIterable<ListEntry> {
    const ended = this.begin('list', options.prefix)
    let outcome: EventOutcome = 'ok'
    try {
      yield* this.inner.list(options)
    } catch (error) {
      outcome = outcomeOf(error)
      throw error
    } finally {
      ended({ bytesUp: 0, bytesDown: 0 }, outcome)
    }
  }

  canCopyFrom(url: string): boolean {
    return this.inner.canCopyFrom?.(url) ?? false
  }

  copy(source: CopySource, key: string, options?: { signal?: AbortSignal | undefined }): Promise<CopyResult> {
    return this.observe('put', key, async () => {
      if (!this.inner.copy) throw new Error('asked to copy by who did not ask canCopyFrom')
      return this.inner.copy(source, key, options)
    })
  }

  async abortUploads(options: UploadOptions): Promise<readonly number[]> {
    return (await this.inner.abortUploads?.(options)) ?? []
  }

  close(): Promise<void> {
    this.isClosed = true
    return this.inner.close()
  }

  private async observe<T>(
    operation: RequestEvent['operation'],
    key: string,
    work: (seen: Seen) => Promise<T>,
  ): Promise<T> {
    const ended = this.begin(operation, key)
    const seen: Seen = { bytesUp: 0, bytesDown: 0 }
    try {
      const answer = await work(seen)
      ended(seen, 'ok')
      return answer
    } catch (error) {
      ended(seen, outcomeOf(error))
      throw error
    }
  }

  /** @throws StoreClosedError */
  private begin(operation: RequestEvent['operation'], key: string): (seen: Seen, outcome: EventOutcome) => void {
    if (this.isClosed) throw new StoreClosedError(this.url)
    const on = meters.getStore() ?? []
    const startedAt = this.ambient.monotonic()
    return (seen, outcome) => {
      for (const meter of on) {
        meter.requests += 1
        meter.bytesUp += seen.bytesUp
        meter.bytesDown += seen.bytesDown
      }
      publish('runlet:request', () => {
        const durationMs = this.ambient.monotonic() - startedAt
        return { store: this.url, operation, key, ...seen, durationMs, outcome }
      })
    }
  }
}

async function* counted(body: AsyncIterable<Uint8Array>, seen: Seen): AsyncIterable<Uint8Array> {
  for await (const chunk of body) {
    seen.bytesUp += chunk.length
    yield chunk
  }
}
