// The way from the probes to the store. It knows what is under way, so that the clean-up can begin when nothing more can be written,
// and once closed it lets nothing through: so an examination is ended at any point, without a request that lands after its clean-up.
import { AbortedError } from '../../errors.ts'
import type { Etag } from '../../names.ts'
import type { Body, GetOptions, GetResult, ListEntry, ListOptions, ObjectStore, PutOptions } from '../object-store.ts'

export class Gate implements ObjectStore {
  readonly url: string
  readonly kind: ObjectStore['kind']
  private readonly inner: ObjectStore
  private readonly signal: AbortSignal
  private readonly underWay = new Set<Promise<unknown>>()

  /** Lets requests through until `signal` aborts. */
  constructor(inner: ObjectStore, signal: AbortSignal) {
    this.inner = inner
    this.signal = signal
    this.url = inner.url
    this.kind = inner.kind
  }

  get(key: string, options?: GetOptions): Promise<GetResult> {
    return this.pass('get', key, () => this.inner.get(key, options))
  }

  put(key: string, body: Body, options?: PutOptions): Promise<{ etag: Etag }> {
    return this.pass('put', key, () => this.inner.put(key, body, options))
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.pass('delete', keys[0] ?? '', () => this.inner.delete(keys))
  }

  async *list(options: ListOptions): AsyncIterable<ListEntry> {
    this.assertOpen('list', options.prefix)
    yield* this.inner.list(options)
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay)
  }

  async close(): Promise<void> {}

  private async pass<T>(operation: string, key: string, send: () => Promise<T>): Promise<T> {
    this.assertOpen(operation, key)
    const answer = send()
    this.underWay.add(answer)
    return answer.finally(() => this.underWay.delete(answer))
  }

  private assertOpen(operation: string, key: string): void {
    if (this.signal.aborted) throw new AbortedError(`${operation} "${key}"`, this.signal.reason)
  }
}
