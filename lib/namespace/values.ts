// Values: the bytes of a path. Small ones lie inline in the index, larger ones in objects of their own, compacted small ones in
// packs. Written before the commit that refers to them, and checked against their SHA-256 whenever they are read.

import { createHash } from 'node:crypto'
import PQueue from 'p-queue'
import type { Ambient } from '../ambient.ts'
import {
  AbortedError,
  CorruptObjectError,
  ExternalObjectError,
  InvalidArgumentError,
  MissingObjectError,
} from '../errors.ts'
import type { NamespaceName, Path } from '../names.ts'
import { putImmutable } from '../store/immutable.ts'
import type { GetOptions, ObjectStore } from '../store/object-store.ts'
import { untilAborted } from '../until-aborted.ts'
import { packKey, valueKey } from './keys.ts'
import { newId } from './object-id.ts'
import { compareContent, type FileRow, type Row } from './row.ts'

/** What may be put: bytes, text (as UTF-8), or a stream of bytes in bounded memory. */
export type Value = Uint8Array | string | AsyncIterable<Uint8Array | string>

export const isInHand = (value: Value): value is Uint8Array | string =>
  typeof value === 'string' || value instanceof Uint8Array

/** The part of a row that says what the value is and where. */
export type Content = { size: number; sha256: string } & Pick<Row, 'value' | 'object' | 'pack' | 'in'>

/** Values up to this many bytes lie inline. */
export const INLINE_LIMIT = 4096
const READ_CHUNK = 8 * 1024 * 1024
const PACKS_AT_ONCE = 16

export class Values {
  private readonly store: ObjectStore
  private readonly ambient: Ambient

  constructor(store: ObjectStore, ambient: Ambient) {
    this.store = store
    this.ambient = ambient
  }

  /** The URL of the store that they lie in. */
  get url(): string {
    return this.store.url
  }

  /**
   * Stores a value in `namespace`'s folder unless it is small. When it resolves, the value is durable or inline.
   * @throws AbortedError, of a stream
   */
  async write(namespace: NamespaceName, value: Value, signal?: AbortSignal): Promise<Content> {
    if (isInHand(value)) return this.writeBytes(namespace, toBytes(value))
    if (typeof value?.[Symbol.asyncIterator] !== 'function') {
      throw new InvalidArgumentError(
        'value',
        'is neither bytes, text nor a stream',
        'Pass a Uint8Array, a string or an async iterable.',
      )
    }
    try {
      return await this.writeStream(namespace, value, signal)
    } catch (error) {
      throw signal?.aborted && error === signal.reason ? new AbortedError('the write', error) : error
    }
  }

  /** Reads a value whole. */
  async read(row: FileRow): Promise<Uint8Array> {
    if (row.value !== undefined) return checked(row, Buffer.from(row.value, 'base64'), `the row of "${row.path}"`)
    const { key, start } = placeOf(row)
    if (row.size === 0 && !row.external) return checked(row, new Uint8Array(), key) // there is no such range
    const bounds = row.pack ? { range: { start, end: start + row.size - 1 } } : { maxBytes: row.size }
    return checked(row, await this.get(row, bounds), key)
  }

  /** The bytes of a row's object, or a part of it; of an object of others only while it is the version that the row means. */
  private async get(row: FileRow, bounds: Pick<GetOptions, 'range' | 'maxBytes'>): Promise<Uint8Array> {
    const { key } = placeOf(row)
    const answer = await this.store.get(key, { ...bounds, ...(row.external && { ifMatch: row.external[1] }) })
    if (answer.status === 'found') return answer.body
    if (row.external)
      throw new ExternalObjectError(row.path, row.external[0], answer.status === 'missing' ? 'missing' : 'changed')
    throw new MissingObjectError(key, `the row of "${row.path}"`)
  }

  /** Whether two rows say the same of a path. Where only the bytes can tell, they are read; what is gone is not the same as anything. */
  async sameContent(a: Row | undefined, b: Row | undefined): Promise<boolean> {
    const known = compareContent(a, b)
    if (known !== 'unknown') return known === 'same'
    const hashes = await Promise.all([a, b].map(row => this.learn(row as FileRow)))
    return hashes[0] !== undefined && hashes[0] === hashes[1]
  }

  /** The SHA-256 of a value, read where it is not known; undefined when the object is not there any more. */
  async learn(row: FileRow): Promise<string | undefined> {
    if (row.sha256 !== undefined) return row.sha256
    const hash = createHash('sha256')
    try {
      for await (const chunk of this.stream(row)) hash.update(chunk)
      return hash.digest('hex')
    } catch (error) {
      if (error instanceof ExternalObjectError) return undefined
      throw error
    }
  }

  /**
   * Reads many small values in few requests: those of one pack in one. Rows whose value is an object of its own are left out.
   */
  async readSmall(rows: readonly FileRow[]): Promise<Map<Path, Uint8Array>> {
    const values = new Map<Path, Uint8Array>()
    const packs = new Map<string, FileRow[]>()
    const queue = new PQueue({ concurrency: PACKS_AT_ONCE })
    for (const row of rows) {
      if (row.value !== undefined) values.set(row.path, await this.read(row))
      if (row.pack) packs.set(placeOf(row).key, [...(packs.get(placeOf(row).key) ?? []), row])
    }
    await queue.addAll(
      [...packs].map(
        ([key, packed]) =>
          () =>
            this.readPack(key, packed, values),
      ),
    )
    return values
  }

  /** Reads a value in chunks of at most 8 MiB. The last chunk comes only after the whole was checked. */
  async *stream(row: FileRow): AsyncGenerator<Uint8Array> {
    if (row.value !== undefined || row.size <= READ_CHUNK) {
      yield await this.read(row)
      return
    }
    const { key, start } = placeOf(row)
    const hash = createHash('sha256')
    for (let at = 0; at < row.size; at += READ_CHUNK) {
      const end = Math.min(at + READ_CHUNK, row.size) - 1
      const body = await this.get(row, { range: { start: start + at, end: start + end } })
      if (body.length !== end - at + 1) throw mismatch(key)
      hash.update(body)
      if (end === row.size - 1 && row.sha256 !== undefined && hash.digest('hex') !== row.sha256) throw mismatch(key)
      yield body
    }
  }

  private async readPack(key: string, rows: readonly FileRow[], values: Map<Path, Uint8Array>): Promise<void> {
    const start = Math.min(...rows.map(row => placeOf(row).start))
    const end = Math.max(start, ...rows.map(row => placeOf(row).start + row.size - 1))
    const answer = await this.store.get(key, { range: { start, end } })
    if (answer.status !== 'found') throw new MissingObjectError(key, `the row of "${rows[0]?.path}"`)
    for (const row of rows) {
      const at = placeOf(row).start - start
      // A copy: the pack may be many times as large, and is not to be kept for it.
      values.set(row.path, checked(row, answer.body.slice(at, at + row.size), key))
    }
  }

  private async writeBytes(namespace: NamespaceName, bytes: Uint8Array): Promise<Content> {
    const about = { size: bytes.length, sha256: sha256(bytes), in: namespace }
    if (bytes.length <= INLINE_LIMIT) return { ...about, value: Buffer.from(bytes).toString('base64') }
    const object = newId(this.ambient)
    await putImmutable(this.store, this.ambient, valueKey(namespace, object), bytes)
    return { ...about, object }
  }

  private async writeStream(
    namespace: NamespaceName,
    value: AsyncIterable<Uint8Array | string>,
    signal: AbortSignal | undefined,
  ): Promise<Content> {
    const chunks = signal ? untilAborted(value, signal) : value[Symbol.asyncIterator]()
    const start: Uint8Array[] = []
    let buffered = 0
    for (;;) {
      const next = await chunks.next()
      if (next.done) return this.writeBytes(namespace, Buffer.concat(start))
      const bytes = toBytes(next.value)
      start.push(bytes)
      buffered += bytes.length
      if (buffered > INLINE_LIMIT) break
    }
    const hash = createHash('sha256')
    let size = 0
    async function* counted() {
      for (const bytes of start) yield* seen(bytes)
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield* seen(toBytes(next.value))
    }
    function* seen(bytes: Uint8Array) {
      hash.update(bytes)
      size += bytes.length
      yield bytes
    }
    const object = newId(this.ambient)
    try {
      await this.store.put(valueKey(namespace, object), counted(), { signal })
    } finally {
      // A source that was not read to its end holds a file open. Not waited for: one that says nothing does not hear this either.
      chunks.return?.()?.catch(() => undefined)
    }
    return { size, sha256: hash.digest('hex'), in: namespace, object }
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function toBytes(value: unknown): Uint8Array {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return value
  throw new InvalidArgumentError(
    'value',
    'has a chunk that is neither bytes nor text',
    'Pass a Uint8Array, a string or an async iterable of them.',
  )
}

function placeOf(row: FileRow): { key: string; start: number } {
  if (row.external) return { key: `/${row.external[0]}`, start: 0 }
  if (row.pack) return { key: packKey(row.in, row.pack[0]), start: row.pack[1] }
  return { key: valueKey(row.in, row.object ?? ''), start: 0 }
}

function checked(row: FileRow, bytes: Uint8Array, key: string): Uint8Array {
  if (bytes.length !== row.size || (row.sha256 !== undefined && sha256(bytes) !== row.sha256)) throw mismatch(key)
  return bytes
}

const mismatch = (key: string) => new CorruptObjectError(key, 'does not have the SHA-256 that the index recorded')
