// Packs: many small values in one immutable object. Index files that live long hold no inline values: they would make a listing
// as heavy as the data. After the values stand the paths that they were packed for, a line each: there a sweep looks whether any is needed.
import { CorruptObjectError, MissingObjectError } from '../errors.ts'
import { isPath, type NamespaceName, type Path } from '../names.ts'
import { putImmutable } from '../store/immutable.ts'
import { decodeText } from '../store/json-object.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { NamespaceContext } from './context.ts'
import { packKey } from './keys.ts'
import { newId } from './object-id.ts'
import { isFile, type Row } from './row.ts'
import type { Values } from './values.ts'

const MAX_PACK_BYTES = 4 * 1024 * 1024
const MAX_PACK_ROWS = 8192
/** More than the paths of a pack can take. */
const MAX_PATHS_BYTES = 8 * 1024 * 1024

/** Rows whose inline values are on their way to packs. No head may name them before `stored`. */
interface Packed {
  readonly rows: readonly Row[]
  readonly stored: Promise<unknown>
}

/** Moves the inline values of sorted rows to packs in the namespace's folder, unless they are too few to be worth a request. */
export function packValues(context: PackContext, rows: readonly Row[], unlessBelow: number): Packed {
  const inline = rows.reduce((sum, row) => sum + (row.value?.length ?? 0), 0)
  if (inline <= unlessBelow) return { rows, stored: Promise.resolve() }
  const places = new Map<Row, NonNullable<Row['pack']>>()
  const puts: Promise<unknown>[] = []
  for (const group of packfuls(rows)) {
    const id = newId(context.ambient)
    const values = Buffer.concat(group.map(bytesOf))
    let at = 0
    for (const row of group) {
      places.set(row, [id, at, values.length])
      at += bytesOf(row).length
    }
    puts.push(
      putImmutable(context.store, context.ambient, packKey(context.name, id), Buffer.concat([values, pathsOf(group)])),
    )
  }
  const packed = rows.map((row): Row => {
    const pack = places.get(row)
    if (!pack) return row
    const { value: _, ...rest } = row
    return { ...rest, in: context.name, pack }
  })
  return { rows: packed, stored: Promise.all(puts) }
}

/**
 * Takes the values of these rows out of packs that they hold less than half of: the rest is dead, or belongs to other shards, which
 * come for theirs as well. So a pack belongs to one shard in the end, and goes when most of it was overwritten.
 */
export async function unpackScattered(values: Values, rows: readonly Row[]): Promise<Row[]> {
  const held = new Map<string, number>()
  for (const { pack, size = 0 } of rows) if (pack) held.set(pack[0], (held.get(pack[0]) ?? 0) + size)
  const isScattered = ({ pack }: Row) => pack !== undefined && 2 * (held.get(pack[0]) ?? 0) < pack[2]
  // A newer row in the head may hide one of these, and a sweep have taken its pack: then all stay where they are for now.
  const found = await values.readSmall(rows.filter(isFile).filter(isScattered)).catch(error => {
    if (error instanceof MissingObjectError) return new Map<Path, Uint8Array>()
    throw error
  })
  return rows.map((row): Row => {
    const value = row.pack && found.get(row.path)
    if (!value) return row
    const { pack: _, ...rest } = row
    return { ...rest, value: Buffer.from(value).toString('base64') }
  })
}

const pathsOf = (rows: readonly Row[]): Uint8Array => Buffer.from(rows.map(row => row.path).join('\n'))

/** The paths that a pack's values were packed for; `size`: of the values, as its rows say. Undefined when it is gone. */
export async function readPackedPaths(
  store: ObjectStore,
  { namespace, id, size }: { namespace: NamespaceName; id: string; size: number },
): Promise<Path[] | undefined> {
  const key = packKey(namespace, id)
  const answer = await store.get(key, { range: { start: size, end: size + MAX_PATHS_BYTES } })
  if (answer.status !== 'found') return undefined
  const paths = decodeText(key, answer.body).split('\n')
  if (!paths.every(isPath)) throw new CorruptObjectError(key, 'does not end in its paths')
  return paths
}

type PackContext = Pick<NamespaceContext, 'name' | 'store' | 'ambient'>

const bytesOf = (row: Row): Uint8Array => Buffer.from(row.value ?? '', 'base64')

/** The rows with inline values, in groups that fit a pack. */
function packfuls(rows: readonly Row[]): Row[][] {
  const groups: Row[][] = []
  let size = Number.POSITIVE_INFINITY
  for (const row of rows) {
    if (!row.value) continue // an empty one takes no room
    const bytes = bytesOf(row).length
    if (size + bytes > MAX_PACK_BYTES || groups.at(-1)?.length === MAX_PACK_ROWS) {
      groups.push([])
      size = 0
    }
    groups.at(-1)?.push(row)
    size += bytes
  }
  return groups
}
