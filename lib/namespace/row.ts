// A row: what the index says of one path. Rows are immutable; a path's newest row wins. A row that says `deleted` hides the
// older ones. The stored form leaves out what the file around it says already (`seq` and `in`).

import { compareBytes, type Etag, type NamespaceName, type Path, parseNamespaceName, parsePath } from '../names.ts'
import { EXTERNAL_FORMAT, FORMAT, timeSchema } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'

/** True for what parses; used to make zod refuse what our own parsers refuse. */
const parses = (parse: (text: string) => unknown) => (text: string) => {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

export const ID = /^[0-9a-z][0-9a-z-]{7,63}$/
export const idSchema = z.string().regex(ID)
export const namespaceSchema = z
  .string()
  .refine(parses(parseNamespaceName), 'not a namespace name')
  .transform(text => text as NamespaceName)
export const pathSchema = z
  .string()
  .refine(parses(parsePath), 'not a valid path')
  .transform(text => text as Path)
const seqSchema = z.number().int().nonnegative()
/** Four times what is written: of a pack, and of a value in one. */
const MAX_PACK_BYTES = 16 * 1024 * 1024
const MAX_PACKED_BYTES = 16 * 1024

const isSet = (place: unknown): number => (place === undefined ? 0 : 1)

export const storedRowSchema = z
  .object({
    path: pathSchema,
    /** The commit that made it. Absent: that of the layer around it. */
    seq: seqSchema.optional(),
    /** When it was written, by the writer's wall clock, in milliseconds; for people. */
    at: timeSchema,
    author: z.string(),
    deleted: z.literal(true).optional(),
    size: z.number().int().nonnegative().optional(),
    sha256: z.string().length(64).optional(),
    executable: z.literal(true).optional(),
    /** The value itself in base64, or the id of the object that is it, or a pack's id, the offset in it, and the pack's size. */
    value: z.string().optional(),
    object: idSchema.optional(),
    pack: z
      .tuple([idSchema, z.number().int().nonnegative(), z.number().int().positive().max(MAX_PACK_BYTES)])
      .optional(),
    /**
     * The value is an object that is not runlet's: its key in the whole bucket, and the version that is meant. It is never written and
     * never deleted; its SHA-256 is not always known.
     */
    external: z
      .tuple([
        z.string().min(1).max(1024),
        z
          .string()
          .min(1)
          .max(1024)
          .transform(text => text as Etag),
      ])
      .optional(),
    /** The namespace in whose folder `object` or `pack` lies. Absent: the one that the index file belongs to. */
    in: namespaceSchema.optional(),
  })
  .refine(
    row => row.deleted || (row.size !== undefined && (row.sha256 !== undefined || row.external !== undefined)),
    'neither a value nor deleted',
  )
  .refine(
    ({ value, object, pack, external, deleted }) =>
      isSet(value) + isSet(object) + isSet(pack) + isSet(external) + isSet(deleted) === 1,
    'not exactly one of value, object, pack, external and deleted',
  )
  .refine(
    ({ pack, size = 0 }) => !pack || (size <= MAX_PACKED_BYTES && pack[1] + size <= pack[2]),
    'not within its pack',
  )

export type StoredRow = z.infer<typeof storedRowSchema>

/** A row as it is used: with the commit and the namespace filled in. */
export type Row = StoredRow & { seq: number; in: NamespaceName }

/** A row that has a value. */
export type FileRow = Row & { deleted?: never; size: number }

/** What holds these rows has this format. */
export const formatOf = (rows: readonly Pick<StoredRow, 'external'>[]): typeof FORMAT | typeof EXTERNAL_FORMAT =>
  rows.some(row => row.external) ? EXTERNAL_FORMAT : FORMAT

/** A row that says that there is nothing at the path any more. */
export const deletedRow = (path: Path, { in: home, at, author }: Pick<Row, 'in' | 'at' | 'author'>): Row => {
  return { path, seq: 0, in: home, at, author, deleted: true }
}

/** The last row of each path, sorted by path. */
export function lastOfEach(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map(row => [row.path, row])).values()].sort((a, b) => compareBytes(a.path, b.path))
}

export function isFile(row: Row | undefined): row is FileRow {
  return row !== undefined && !row.deleted
}

/**
 * Whether two rows say the same of a path. No row and a deleted one do. `unknown`: only their bytes can tell (Values.sameContent), for
 * the SHA-256 of one is not known.
 */
export function compareContent(a: Row | undefined, b: Row | undefined): 'same' | 'different' | 'unknown' {
  if (!isFile(a) || !isFile(b)) return isFile(a) === isFile(b) ? 'same' : 'different'
  if (a.size !== b.size || a.executable !== b.executable) return 'different'
  if (a.sha256 !== undefined && b.sha256 !== undefined) return a.sha256 === b.sha256 ? 'same' : 'different'
  return isSameObject(a, b) ? 'same' : 'unknown'
}

const isSameObject = ({ external: a }: Row, { external: b }: Row): boolean =>
  a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1]

/** Fills in what the surroundings say. `seq` given overrides the row's own: a folded row belongs to the fold's commit. */
export function fromStored(row: StoredRow, around: { seq: number | undefined; namespace: NamespaceName }): Row {
  return { ...row, seq: around.seq ?? row.seq ?? 0, in: row.in ?? around.namespace }
}

/** Leaves out what the surroundings say. */
export function toStored(row: Row, around: { seq: number | undefined; namespace: NamespaceName }): StoredRow {
  const { seq, in: home, ...rest } = row
  return {
    ...rest,
    ...(around.seq === undefined && { seq }),
    ...(home !== around.namespace && (rest.object || rest.pack) && { in: home }),
  }
}
