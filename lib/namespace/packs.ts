// Packs: many small values in one immutable object. Index files that live long hold no inline values: they would make a listing
// as heavy as the data.
import { putImmutable } from '../store/immutable.ts'
import type { NamespaceContext } from './context.ts'
import { packKey } from './keys.ts'
import { newId } from './object-id.ts'
import { isFile, type Row } from './row.ts'
import type { Values } from './values.ts'

const MAX_PACK_BYTES = 4 * 1024 * 1024

/** Rows whose inline values are on their way to packs. No head may name them before `stored`. */
export interface Packed {
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
    const pack = Buffer.concat(group.map(bytesOf))
    let at = 0
    for (const row of group) {
      places.set(row, [id, at, pack.length])
      at += bytesOf(row).length
    }
    puts.push(putImmutable(context.store, context.ambient, packKey(context.name, id), pack))
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
  const found = await values.readSmall(rows.filter(isFile).filter(isScattered))
  return rows.map((row): Row => {
    const value = row.pack && found.get(row.path)
    if (!value) return row
    const { pack: _, ...rest } = row
    return { ...rest, value: Buffer.from(value).toString('base64') }
  })
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
    if (size + bytes > MAX_PACK_BYTES) {
      groups.push([])
      size = 0
    }
    groups.at(-1)?.push(row)
    size += bytes
  }
  return groups
}
