// A row whose content can be compared: one that was imported without a SHA-256 is read for it. What is small is kept until it is written,
// so that a first pull of such asks for it once.
import { createHash } from 'node:crypto'
import type { FileRow } from '../namespace/row.ts'
import type { Values } from '../namespace/values.ts'

export type KnownRow = FileRow & { readonly sha256: string }

const KEPT_BYTES = 16 * 1024

const bodies = new WeakMap<FileRow, Uint8Array>()

/** @throws ExternalObjectError when the object is not what was imported any more */
export async function knownRow(values: Values, row: FileRow): Promise<KnownRow> {
  const { sha256 } = row
  if (sha256 !== undefined) return row as KnownRow
  const hash = createHash('sha256')
  let body: Uint8Array | undefined
  for await (const chunk of values.stream(row)) {
    hash.update(chunk)
    if (row.size <= KEPT_BYTES) body = chunk
  }
  const known = { ...row, sha256: hash.digest('hex') }
  if (body) bodies.set(known, body)
  return known
}

/** The value of a row that was just read, if it was kept. */
export const keptValue = (row: FileRow): Uint8Array | undefined => bodies.get(row)

/**
 * A row whose file is left out, and whose content nobody asks for yet. Where its SHA-256 is not known something stands in that no file
 * has: who writes a file of his own there before it was fetched has a conflict, and nothing is lost.
 */
export function unreadRow(row: FileRow): KnownRow {
  const standIn = () => createHash('sha256').update(JSON.stringify(row.external)).digest('hex')
  return { ...row, sha256: row.sha256 ?? standIn() }
}
