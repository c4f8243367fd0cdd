// The rows of imported files: they refer to the object where it lies, or to a copy of it. What is small comes with its row instead, for a
// pack is read faster than a thousand objects.
import { createHash } from 'node:crypto'
import { valueKey } from '../../../namespace/keys.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import { newId } from '../../../namespace/object-id.ts'
import type { FileRow, Row } from '../../../namespace/row.ts'
import { type Content, INLINE_LIMIT } from '../../../namespace/values.ts'
import type { Datastore, Distance } from './datastore.ts'
import type { Found } from './inventory.ts'

const PIECE_BYTES = 8 * 1024 * 1024

/** Signs what came from swamp. */
const AUTHOR = 'swamp'

interface CopyMeans {
  readonly into: OpenNamespace
  readonly datastore: Datastore
  readonly distance: Distance
}

/** The row of a file that refers to the object where it lies. */
export function externalRow({ into, datastore }: Pick<CopyMeans, 'into' | 'datastore'>, found: Found): FileRow {
  const { path, size, etag, at, sha256 } = found
  const key = datastore.absolute(datastore.root + path)
  return {
    path,
    seq: 0,
    in: into.name,
    at,
    author: AUTHOR,
    size,
    ...(sha256 !== undefined && { sha256 }),
    external: [key, etag ?? ('unknown' as NonNullable<Row['external']>[1])],
  }
}

/** Copies the value; resolves to its row, or to undefined when it was changed meanwhile: the next import takes it over. */
export async function copiedRow(means: CopyMeans, found: Found): Promise<FileRow | undefined> {
  const content = (await copiedByServer(means, found)) ?? (await copiedThrough(means, found))
  if (content === 'changed') return undefined
  const { path, at } = found
  return { path, seq: 0, at, author: AUTHOR, ...content }
}

/** Undefined where the bytes have to come through here: they are few, their hash is not known, or the server cannot. */
async function copiedByServer(
  { into, datastore, distance }: CopyMeans,
  { path, size, etag, sha256 }: Found,
): Promise<Content | 'changed' | undefined> {
  const { store, ambient, name } = into
  if (size <= INLINE_LIMIT || sha256 === undefined || distance === 'apart' || !store.copy) return undefined
  if (!store.canCopyFrom?.(datastore.store.url)) return undefined
  const object = newId(ambient)
  const source = { url: datastore.store.url, key: datastore.root + path, size, etag }
  const { status } = await store.copy(source, valueKey(name, object))
  return status === 'copied' ? { size, sha256, in: name, object } : 'changed'
}

class Changed extends Error {}

async function copiedThrough({ into, datastore }: CopyMeans, found: Found): Promise<Content | 'changed'> {
  try {
    return await into.values.write(into.name, piecesOf(datastore, found))
  } catch (error) {
    if (error instanceof Changed) return 'changed'
    throw error
  }
}

async function* piecesOf({ store, root }: Datastore, { path, size, etag }: Found): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size || at === 0; at += PIECE_BYTES) {
    const range = size <= PIECE_BYTES ? undefined : { start: at, end: Math.min(size, at + PIECE_BYTES) - 1 }
    const answer = await store.get(root + path, { ifMatch: etag, range })
    if (answer.status !== 'found') throw new Changed()
    yield answer.body
    if (range === undefined) return
  }
}

/** The SHA-256 of the object where it lies; undefined when it was changed meanwhile. */
export async function hashWhereItLies(datastore: Datastore, found: Found): Promise<string | undefined> {
  const hash = createHash('sha256')
  try {
    for await (const piece of piecesOf(datastore, found)) hash.update(piece)
    return hash.digest('hex')
  } catch (error) {
    if (error instanceof Changed) return undefined
    throw error
  }
}
