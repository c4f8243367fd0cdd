// The entries of one index file as they come, however large it is: it is fetched in pieces of one version and parsed as it streams.
import { JSONParser } from '@streamparser/json'
import { CorruptObjectError } from '../../../errors.ts'
import type { Etag } from '../../../names.ts'
import type { ObjectStore } from '../../../store/object-store.ts'
import * as z from '../../../vendor/zod.ts'
import { NoDatastoreError, type Problems } from './problems.ts'

const PIECE_BYTES = 4 * 1024 * 1024

const entrySchema = z.object({
  size: z.number().int().nonnegative(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})

export interface ReadIndex {
  readonly etag: Etag
}

export interface IndexFile {
  readonly store: ObjectStore
  readonly key: string
  /** Objects of the index as a listing shows them: its times may be finer than those of an answer. */
  readonly listed: ReadonlyMap<string, { readonly etag: Etag | undefined; readonly at: number }>
  readonly problems: Problems
  readonly onEntry: (entry: { path: string; size: number; sha256?: string | undefined; writtenAt: number }) => void
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** Reads a file of `{ version: 1, entries }`. `missing`: there is none; `changed`: it was replaced while it was read. */
export async function readIndexFile(file: IndexFile): Promise<ReadIndex | 'missing' | 'changed'> {
  const { store, key } = file
  const first = await store.get(key, { range: { start: 0, end: PIECE_BYTES - 1 } })
  if (first.status !== 'found') return 'missing'
  const { etag } = first
  const listed = file.listed.get(key)
  const writtenAt = listed?.etag === etag ? listed.at : first.lastModified
  const parser = new Entries(file, writtenAt)
  for (let body = first.body, at = 0; ; ) {
    parser.write(body)
    file.onBytes?.(body.length)
    at += body.length
    if (body.length < PIECE_BYTES) break
    const next = await store.get(key, { range: { start: at, end: at + PIECE_BYTES - 1 }, ifMatch: etag })
    if (next.status !== 'found') return 'changed'
    body = next.body
  }
  parser.end()
  return { etag }
}

/** Of one file: tells of each entry, and keeps none. */
class Entries {
  readonly #parser = new JSONParser({ paths: ['$.version', '$.entries.*'], keepStack: false })
  readonly #file: IndexFile
  #version: unknown

  constructor(file: IndexFile, writtenAt: number) {
    this.#file = file
    const { problems, onEntry } = file
    this.#parser.onValue = ({ value, key, stack }) => {
      if (stack.length < 2) {
        this.#version = value
        return
      }
      const path = String(key)
      const entry = entrySchema.safeParse(value)
      if (entry.success && typeof key === 'string') onEntry({ path, ...entry.data, writtenAt })
      else problems.add('malformed-entry', path)
    }
    // Without a listener it throws where it stands; so it does here, once more at the end.
    this.#parser.onEnd = () => {}
  }

  write(bytes: Uint8Array): void {
    this.#orRefuse(() => this.#parser.write(bytes))
  }

  end(): void {
    this.#orRefuse(() => {
      if (!this.#parser.isEnded) this.#parser.end()
    })
    if (this.#version === 1) return
    const { store, key } = this.#file
    throw new NoDatastoreError(
      store.url,
      `has an index "${key}" of version ${JSON.stringify(this.#version)?.slice(0, 40)}, and only 1 is known`,
      'Upgrade runlet, or have an older swamp write it again.',
    )
  }

  #orRefuse(parse: () => void): void {
    try {
      parse()
    } catch (cause) {
      throw new CorruptObjectError(this.#file.key, 'is no index of a swamp datastore: not JSON, or cut short', {
        cause,
      })
    }
  }
}
