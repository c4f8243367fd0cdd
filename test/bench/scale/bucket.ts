// A bucket on virtual time, as an S3 server keeps it: objects with versions and whole seconds, pages of a thousand keys in byte order, and
// on request no more than so many writes a second to the same key. Keys are kept by folder, so that listing one of them does not look at
// the half a million others. It knows nothing of runlet, and takes no time: that is the network's (s3-client.ts).
import { compareBytes } from '../../../lib/names.ts'

export interface StoredObject {
  /** May be made when it is asked for. */
  readonly body: Uint8Array
  readonly size: number
  readonly etag: string
  /** In milliseconds; what is shown of it are whole seconds. */
  readonly at: number
}

export type Condition = { readonly ifMatch: string } | 'if absent'

export type PutAnswer =
  | { readonly status: 'stored'; readonly etag: string }
  | { readonly status: 'slow down' | 'precondition failed' | 'no such key' }

export interface Page {
  readonly objects: readonly (readonly [key: string, object: StoredObject])[]
  readonly prefixes: readonly string[]
  /** Where the next page begins; undefined for the last one. */
  readonly next: string | undefined
}

export interface ListRequest {
  readonly prefix: string
  readonly delimiter?: string | undefined
  /** Keys up to this one, itself included, are left out. */
  readonly after: string
}

export const PAGE_SIZE = 1000

type Folder = Map<string, Folder | StoredObject>

const isFolder = (entry: Folder | StoredObject | undefined): entry is Folder => entry instanceof Map

export class Bucket {
  readonly #root: Folder = new Map()
  readonly #pace: Pace | undefined
  #versions = 0

  /** `writesASecond`: to the same key; the default is no limit. */
  constructor({ writesASecond }: { writesASecond?: number | undefined } = {}) {
    this.#pace = writesASecond === undefined ? undefined : new Pace(writesASecond)
  }

  get(key: string): StoredObject | undefined {
    const entry = this.#folderOf(key)?.get(nameOf(key))
    return isFolder(entry) ? undefined : entry
  }

  put(
    key: string,
    body: Uint8Array,
    { now, condition }: { now: number; condition?: Condition | undefined },
  ): PutAnswer {
    if (this.#pace?.isTooSoon(key, now)) return { status: 'slow down' }
    const current = this.get(key)
    if (condition === 'if absent' && current) return { status: 'precondition failed' }
    if (condition !== undefined && condition !== 'if absent') {
      if (!current) return { status: 'no such key' }
      if (current.etag !== condition.ifMatch) return { status: 'precondition failed' }
    }
    this.#pace?.note(key, now)
    this.#versions += 1
    const etag = `v${this.#versions}`
    this.#makeFolderOf(key).set(nameOf(key), { body, size: body.length, etag, at: now })
    return { status: 'stored', etag }
  }

  /** An object that was there before. */
  place(key: string, object: Omit<StoredObject, 'etag'>): void {
    this.#versions += 1
    const placed = {
      etag: `v${this.#versions}`,
      size: object.size,
      at: object.at,
      get body() {
        return object.body
      },
    }
    this.#makeFolderOf(key).set(nameOf(key), placed)
  }

  delete(key: string): void {
    this.#folderOf(key)?.delete(nameOf(key))
  }

  list({ prefix, delimiter, after }: ListRequest): Page {
    const objects: [string, StoredObject][] = []
    const prefixes: string[] = []
    const cut = prefix.lastIndexOf('/') + 1
    const folder = this.#folderAt(prefix.slice(0, cut))
    for (const [key, entry] of folder ? walk(folder, prefix.slice(0, cut), delimiter) : []) {
      if (!key.startsWith(prefix) || compareBytes(key, after) <= 0) continue
      if (objects.length + prefixes.length === PAGE_SIZE) {
        const last = [objects.at(-1)?.[0] ?? '', prefixes.at(-1) ?? ''].sort(compareBytes).at(-1)
        return { objects, prefixes, next: last }
      }
      if (entry) objects.push([key, entry])
      else prefixes.push(key)
    }
    return { objects, prefixes, next: undefined }
  }

  #folderOf(key: string): Folder | undefined {
    return this.#folderAt(key.slice(0, key.lastIndexOf('/') + 1))
  }

  /** `path` ends with a slash, or is empty. */
  #folderAt(path: string): Folder | undefined {
    let folder: Folder | undefined = this.#root
    for (const name of path.split('/').slice(0, -1)) {
      const entry: Folder | StoredObject | undefined = folder?.get(`${name}/`)
      folder = isFolder(entry) ? entry : undefined
    }
    return folder
  }

  #makeFolderOf(key: string): Folder {
    let folder = this.#root
    for (const name of key.split('/').slice(0, -1)) {
      let entry = folder.get(`${name}/`)
      if (!isFolder(entry)) {
        entry = new Map()
        folder.set(`${name}/`, entry)
      }
      folder = entry
    }
    return folder
  }
}

const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** All keys below a folder in byte order; with a delimiter, what lies in its folders as their names alone. */
function* walk(
  folder: Folder,
  path: string,
  delimiter: string | undefined,
): Generator<[key: string, object: StoredObject | undefined]> {
  for (const name of [...folder.keys()].sort(compareBytes)) {
    const entry = folder.get(name)
    if (!isFolder(entry)) yield [path + name, entry]
    else if (!delimiter) yield* walk(entry, path + name, delimiter)
    else if (!isEmpty(entry)) yield [path + name, undefined]
  }
}

const isEmpty = (folder: Folder): boolean => [...folder.values()].every(entry => isFolder(entry) && isEmpty(entry))

/**
 * One write to the same key each so often, as R2 and GCS have it: what comes sooner is told to slow down, whatever its condition. A write
 * that is refused takes nobody's turn.
 */
class Pace {
  readonly #everyMs: number
  #lastAt = new Map<string, number>()
  #forgetFrom = 10_000

  constructor(aSecond: number) {
    this.#everyMs = 1000 / aSecond
  }

  isTooSoon(key: string, now: number): boolean {
    return now - (this.#lastAt.get(key) ?? Number.NEGATIVE_INFINITY) < this.#everyMs
  }

  note(key: string, now: number): void {
    this.#lastAt.set(key, now)
    if (this.#lastAt.size < this.#forgetFrom) return
    this.#lastAt = new Map([...this.#lastAt].filter(([, at]) => now - at < this.#everyMs))
    this.#forgetFrom = 2 * this.#lastAt.size + 10_000
  }
}
