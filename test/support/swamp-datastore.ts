// A swamp S3 datastore as swamp leaves it in a bucket: files under their paths, and one of its indexes. Written from the shapes that its
// public code has; shares nothing with the import.
import { createHash } from 'node:crypto'
import type { ObjectStore } from '../../lib/store/object-store.ts'

export type IndexShape = 'one file' | 'sharded' | 'none'

interface Entry {
  key: string
  size: number
  lastModified: string
  localMtime?: string
  sha256?: string
}

export interface SwampOptions {
  /** Of the keys in the store, ending in '/' or empty. */
  prefix?: string
  namespace?: string
  index?: IndexShape
  /** Entries carry a SHA-256, as newer swamps write them. Default: true. */
  hashes?: boolean
}

const INDEX = '.datastore-index.json'

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export class SwampDatastore {
  readonly #store: ObjectStore
  readonly #root: string
  /** The key of the lock of swamp's core on all of it. */
  readonly lock: string
  readonly #index: IndexShape
  readonly #hashes: boolean
  readonly entries = new Map<string, Entry>()
  #commits = 0

  constructor(store: ObjectStore, { prefix = '', namespace, index = 'one file', hashes = true }: SwampOptions = {}) {
    this.#store = store
    this.#root = `${prefix}${namespace === undefined ? '' : `${namespace}/`}`
    this.lock = prefix + (namespace === undefined ? '.datastore.lock' : `.locks/${namespace}.lock`)
    this.#index = index
    this.#hashes = hashes
  }

  keyOf(path: string): string {
    return this.#root + path
  }

  /** Uploads and deletes, and publishes the index last. `undefined` deletes. */
  async push(files: Record<string, string | Uint8Array | undefined>): Promise<void> {
    await this.upload(files)
    await this.publish()
  }

  /** Without the index: as a push that is under way. */
  async upload(files: Record<string, string | Uint8Array | undefined>): Promise<void> {
    for (const [path, value] of Object.entries(files)) {
      if (value === undefined) {
        await this.#store.delete([this.keyOf(path)])
        this.entries.delete(path)
        continue
      }
      const body = Buffer.from(value)
      await this.#store.put(this.keyOf(path), body)
      const now = new Date().toISOString()
      const about = { key: path, size: body.length, lastModified: now, localMtime: now }
      this.entries.set(path, { ...about, ...(this.#hashes && { sha256: hashOf(body) }) })
    }
  }

  /** Takes note of a file that an export has put there: swamp pulls before it pushes. */
  async adopt(path: string, value: string): Promise<void> {
    const about = { key: path, size: Buffer.byteLength(value), lastModified: new Date().toISOString() }
    this.entries.set(path, { ...about, ...(this.#hashes && { sha256: hashOf(Buffer.from(value)) }) })
  }

  async publish(): Promise<void> {
    if (this.#index === 'one file' || (this.#index === 'none' && (await this.#hasIndex()))) {
      const whole = { version: 1, lastPulled: new Date().toISOString(), entries: Object.fromEntries(this.entries) }
      await this.raw(INDEX, JSON.stringify(whole))
    }
    if (this.#index === 'sharded') await this.#publishShards()
  }

  /** An export leaves one where there was none. */
  async #hasIndex(): Promise<boolean> {
    return (await this.#store.get(this.#root + INDEX)).status === 'found'
  }

  /** As swamp's core does, before it changes anything; again each third of the time to live. */
  async hold(ttlMs = 30_000): Promise<void> {
    const acquiredAt = new Date().toISOString()
    const holder = { holder: 'ada@host', hostname: 'host', pid: 1, acquiredAt, ttlMs, nonce: 'n' }
    await this.#store.put(this.lock, Buffer.from(JSON.stringify(holder)))
  }

  async letGo(): Promise<void> {
    await this.#store.delete([this.lock])
  }

  /** Writes an object beside the files: a lock, an index of another kind. */
  async raw(name: string, body: string): Promise<void> {
    await this.#store.put(this.#root + name, Buffer.from(body))
  }

  async removeRaw(name: string): Promise<void> {
    await this.#store.delete([this.#root + name])
  }

  async #publishShards(): Promise<void> {
    const partitions = new Map<string, Record<string, Entry>>()
    for (const [path, entry] of this.entries) {
      const name = path.split('/').slice(0, 2).join('--')
      partitions.set(name, { ...partitions.get(name), [path]: entry })
    }
    for (const [name, entries] of partitions)
      await this.raw(`_index/${name}.json`, JSON.stringify({ version: 1, entries }))
    this.#commits += 1
    const meta = { version: 2, partitions: [...partitions.keys()].sort(), commitSeq: this.#commits }
    await this.raw('_index/_meta.json', JSON.stringify(meta))
  }
}
