// A row: what the index says of one path. Rows are immutable; a path's newest row wins. A row that says `deleted` hides the
// older ones. The stored form leaves out what the file around it says already (`seq` and `in`).
import { z } from 'zod'
import { type NamespaceName, type Path, parseNamespaceName, parsePath } from '../names.ts'
import { timeSchema } from '../store/json-object.ts'

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
    /** The namespace in whose folder `object` or `pack` lies. Absent: the one that the index file belongs to. */
    in: namespaceSchema.optional(),
  })
  .refine(row => row.deleted || (row.size !== undefined && row.sha256 !== undefined), 'neither a value nor deleted')
  .refine(
    ({ value, object, pack, deleted }) => isSet(value) + isSet(object) + isSet(pack) + isSet(deleted) === 1,
    'not exactly one of value, object, pack and deleted',
  )
  .refine(
    ({ pack, size = 0 }) => !pack || (size <= MAX_PACKED_BYTES && pack[1] + size <= pack[2]),
    'not within its pack',
  )

export type StoredRow = z.infer<typeof storedRowSchema>

/** A row as it is used: with the commit and the namespace filled in. */
export type Row = StoredRow & { seq: number; in: NamespaceName }

/** A row that has a value. */
export type FileRow = Row & { deleted?: never; size: number; sha256: string }

export function isFile(row: Row | undefined): row is FileRow {
  return row !== undefined && !row.deleted
}

/** Whether two rows say the same of a path. No row and a deleted one do. */
export function sameContent(a: Row | undefined, b: Row | undefined): boolean {
  if (!isFile(a) || !isFile(b)) return isFile(a) === isFile(b)
  return a.sha256 === b.sha256 && a.size === b.size && a.executable === b.executable
}

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
