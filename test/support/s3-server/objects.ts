// The S3 test server's memory: buckets of objects in byte order of their keys, with versions as ETags. Every call is
// synchronous, so that a conditional put is atomic here as it is in a real store.
import { createHash, randomBytes } from 'node:crypto'
import { compareBytes } from '../../../lib/names.ts'

export interface StoredObject {
  readonly body: Buffer
  /** Without quotes. */
  readonly etag: string
  readonly lastModified: Date
}

/** `md5`: of the content, as S3 does, so that equal bodies have equal ETags. `random`: never the same twice. */
export type EtagStyle = 'md5' | 'random'

export class Bucket {
  readonly objects = new Map<string, StoredObject>()
  readonly #keys: string[] = []
  readonly #etagStyle: EtagStyle
  readonly #clock: () => Date

  constructor(etagStyle: EtagStyle, clock = () => new Date()) {
    this.#etagStyle = etagStyle
    this.#clock = clock
  }

  put(key: string, body: Buffer, etag = this.#etagOf(body)): StoredObject {
    if (!this.objects.has(key)) this.#keys.splice(this.#indexOf(key), 0, key)
    const object = { body, etag, lastModified: this.#clock() }
    this.objects.set(key, object)
    return object
  }

  delete(key: string): void {
    if (this.objects.delete(key)) this.#keys.splice(this.#indexOf(key), 1)
  }

  /** Puts an object back as it was, etag and all; without one, nothing lies there. */
  restore(key: string, object: StoredObject | undefined): void {
    this.delete(key)
    if (!object) return
    this.#keys.splice(this.#indexOf(key), 0, key)
    this.objects.set(key, object)
  }

  clear(): void {
    this.objects.clear()
    this.#keys.length = 0
  }

  /** One page: the entries after `after`, rolled up at `delimiter`, and whether there are more. */
  page(query: { prefix: string; after: string; delimiter: string; size: number }): Page {
    const { prefix, delimiter, size } = query
    const page: Page = { objects: [], prefixes: [], last: query.after, more: false }
    let index = this.#firstIndex(key => compareBytes(key, prefix) >= 0 && compareBytes(key, query.after) > 0)
    for (;;) {
      const key = this.#keys[index]
      if (!key?.startsWith(prefix)) return page
      if (page.objects.length + page.prefixes.length === size) return { ...page, more: true }
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
      if (cut < 0) page.objects.push(key)
      else page.prefixes.push(key.slice(0, cut + delimiter.length))
      page.last = cut < 0 ? key : `${key.slice(0, cut + delimiter.length)}\u{10ffff}`
      index = cut < 0 ? index + 1 : this.#firstIndex(other => compareBytes(other, page.last) > 0)
    }
  }

  /** Where `key` stands, or would stand. */
  #indexOf(key: string): number {
    return this.#firstIndex(other => compareBytes(other, key) >= 0)
  }

  /** Where the keys for which `isThere` begin; it holds for all keys from there on. */
  #firstIndex(isThere: (key: string) => boolean): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isThere(this.#keys[middle] ?? '')) high = middle
      else low = middle + 1
    }
    return low
  }

  #etagOf(body: Buffer): string {
    return this.#etagStyle === 'md5' ? md5(body) : randomBytes(16).toString('hex')
  }
}

export interface Page {
  objects: string[]
  prefixes: string[]
  /** Where the next page goes on. */
  last: string
  more: boolean
}

export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
