// A store within a store: the same bucket, a longer prefix. What is kept for somebody else's namespace lies in one of its own, and no
// listing or sweep of the store around it meets it. Keys of the whole bucket mean the same in both.
import type { Etag } from '../names.ts'
import type { Body, GetOptions, GetResult, ListEntry, ListOptions, ObjectStore, PutOptions } from './object-store.ts'

export class StoreBelow implements ObjectStore {
  readonly url: string
  readonly kind: ObjectStore['kind']
  readonly #around: ObjectStore
  readonly #prefix: string

  /** `prefix` ends in '/'. */
  constructor(around: ObjectStore, prefix: string) {
    this.#around = around
    this.#prefix = prefix
    this.url = `${around.url}#${prefix}`
    this.kind = around.kind
  }

  get(key: string, options?: GetOptions): Promise<GetResult> {
    return this.#around.get(key.startsWith('/') ? key : this.#prefix + key, options)
  }

  put(key: string, body: Body, options?: PutOptions): Promise<{ etag: Etag }> {
    return this.#around.put(this.#prefix + key, body, options)
  }

  delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void> {
    return this.#around.delete(
      keys.map(key => this.#prefix + key),
      options,
    )
  }

  async *list({ prefix, startAfter, ...rest }: ListOptions): AsyncIterable<ListEntry> {
    const below = {
      ...rest,
      prefix: this.#prefix + prefix,
      ...(startAfter && { startAfter: this.#prefix + startAfter }),
    }
    for await (const entry of this.#around.list(below)) yield { ...entry, key: entry.key.slice(this.#prefix.length) }
  }

  /** The store around it is closed by who opened it. */
  async close(): Promise<void> {}
}
