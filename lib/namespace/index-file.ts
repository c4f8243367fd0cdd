// Index files: gzipped NDJSON, sorted by path, a header line first, so that `zcat | jq` and DuckDB can read them. Immutable.
// A file holds rows (a shard) or references to other index files (a node). Decoding trusts nothing (G10): bounded
// decompression, every line validated, order and count checked against the header. Synchronous: files are small, and a simulated
// process must take the same course each time.
import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { CorruptObjectError } from '../errors.ts'
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import { decodeText, FORMAT, parseText, rowsFormatSchema, validate, validatePart } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'
import { areApart, FOREIGN, type IndexRef, indexRefSchema, namesOwn } from './head.ts'
import { formatOf, namespaceSchema, type StoredRow, storedRowSchema } from './row.ts'

/** No index file that runlet writes comes near this; a bomb does. */
const MAX_TEXT_BYTES = 8 * 1024 * 1024
/** Compressed, even if that made it larger. */
export const MAX_FILE_BYTES = MAX_TEXT_BYTES + 64 * 1024
/** Sixteen times what is written: they take more room decoded than as text. */
const MAX_ITEMS = 16 * 1024
/** Above this many rows a file's reference carries no fingerprints. */
const MAX_PRINTED_ROWS = 64

const headerSchema = z.object({
  format: rowsFormatSchema,
  kind: z.enum(['rows', 'refs']),
  namespace: namespaceSchema,
  count: z.number().int().positive().max(MAX_ITEMS),
})

export type IndexContent =
  | { readonly kind: 'rows'; readonly namespace: NamespaceName; readonly rows: readonly StoredRow[] }
  | { readonly kind: 'refs'; readonly namespace: NamespaceName; readonly refs: readonly IndexRef[] }

/** Encodes rows, sorted by path, or references, sorted by their first path. */
export function encodeIndexFile(content: IndexContent): Uint8Array {
  const items = content.kind === 'rows' ? content.rows : content.refs
  const format = content.kind === 'rows' ? formatOf(content.rows) : FORMAT
  const header = { format, kind: content.kind, namespace: content.namespace, count: items.length }
  const lines = [header, ...items].map(item => JSON.stringify(item))
  return gzipSync(`${lines.join('\n')}\n`)
}

/** @throws CorruptObjectError, FormatVersionError naming `key`. */
export function decodeIndexFile(key: string, body: Uint8Array): IndexContent {
  const text = unzip(key, body)
  if (text.length === 0) throw new CorruptObjectError(key, 'is empty')
  if (text.at(-1) !== NEWLINE) throw new CorruptObjectError(key, 'is cut short')
  const end = text.indexOf(NEWLINE)
  const header = validate(key, parseText(key, decodeText(key, text.subarray(0, end))), headerSchema)
  // Counted before they are split: a bomb of empty lines is small as text and large as strings.
  if (countLines(text) - 1 !== header.count) throw new CorruptObjectError(key, 'does not hold as many lines as it says')
  const lines = decodeText(key, text.subarray(end + 1, -1)).split('\n')
  const { namespace } = header
  const content: IndexContent =
    header.kind === 'rows'
      ? { kind: 'rows', namespace, rows: parseRows(key, lines) }
      : { kind: 'refs', namespace, refs: parseRefs(key, lines) }
  if (!namesOwn(namespace, content.kind === 'rows' ? content.rows : content.refs))
    throw new CorruptObjectError(key, FOREIGN)
  return content
}

const NEWLINE = 10

function countLines(text: Uint8Array): number {
  let lines = 0
  for (let at = text.indexOf(NEWLINE); at !== -1; at = text.indexOf(NEWLINE, at + 1)) lines += 1
  return lines
}

function unzip(key: string, body: Uint8Array): Uint8Array {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_TEXT_BYTES })
  } catch (cause) {
    throw new CorruptObjectError(key, 'is not valid gzip, or is cut short', { cause })
  }
}

function parseRows(key: string, lines: readonly string[]): StoredRow[] {
  const rows = parseAll(key, lines, storedRowSchema)
  for (const [i, row] of rows.entries()) {
    const before = rows[i - 1]
    if (before && compareBytes(before.path, row.path) >= 0)
      throw new CorruptObjectError(key, `is not sorted by path at line ${i + 2}`)
  }
  return rows
}

function parseRefs(key: string, lines: readonly string[]): IndexRef[] {
  const refs = parseAll(key, lines, indexRefSchema)
  if (!areApart(refs)) throw new CorruptObjectError(key, 'has references that are not sorted, or share paths')
  return refs
}

/** One after the other: the first that is none is the last that is parsed. */
const parseAll = <T>(key: string, lines: readonly string[], schema: z.ZodType<T>): T[] =>
  lines.map(line => validatePart(key, parseText(key, line), schema))

const printOf = (path: string): number => createHash('sha256').update(path).digest().readUInt16BE(0)

/** The fingerprints of a small file's paths, for its reference; undefined when there are too many. */
export function fingerprints(paths: readonly Path[]): string | undefined {
  if (paths.length > MAX_PRINTED_ROWS) return undefined
  const bytes = Buffer.alloc(paths.length * 2)
  const sorted = paths.map(printOf).sort((a, b) => a - b)
  sorted.forEach((print, i) => {
    bytes.writeUInt16BE(print, i * 2)
  })
  return bytes.toString('base64')
}

/** Whether the file may hold the path; false only when it surely does not. */
export function mayHold(ref: IndexRef, path: Path): boolean {
  if (compareBytes(path, ref.first) < 0 || compareBytes(path, ref.last) > 0) return false
  if (ref.prints === undefined) return true
  const bytes = Buffer.from(ref.prints, 'base64')
  const wanted = printOf(path)
  for (let i = 0; i + 1 < bytes.length; i += 2) if (bytes.readUInt16BE(i) === wanted) return true
  return false
}
