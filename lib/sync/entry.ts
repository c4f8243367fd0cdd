// What a working copy remembers of one path, and how that lies in its files: JSON arrays, one a line. There may be hundreds of
// thousands of them, so they are checked by hand; that they are ours does not make them trusted (G10): a path out of a damaged
// file must not lead out of the directory.
import { CorruptObjectError } from '../errors.ts'
import { isPath, type Path } from '../names.ts'
import { parseText } from '../store/json-object.ts'
import type { Side } from './decide.ts'
import type { Stat } from './stat.ts'

/** The content that copy and namespace had in common. */
export interface CopyEntry extends Side {
  readonly path: Path
  /** What the file has while it is unchanged. Undefined when no stat can tell: it has to be hashed. */
  readonly stat: Stat | undefined
  /** The namespace has it, and it was left out here: that there is no file says nothing. */
  readonly absent?: true
}

/** What a pull is about to do: write a file, or (undefined) remove it. */
export interface JournalEntry {
  readonly path: Path
  readonly side: Side | undefined
}

const ABSENT = 'absent'

export function encodeEntries(entries: Iterable<CopyEntry>): string {
  const lines: string[] = []
  for (const { path, sha256, executable, stat, absent } of entries) {
    const seen = stat ? [stat.size, stat.mtimeMs, stat.inode] : absent ? [ABSENT] : []
    lines.push(JSON.stringify([path, sha256, executable ? 1 : 0, ...seen]))
  }
  return `[${lines.join(',\n')}]\n`
}

/** @throws CorruptObjectError naming the file */
export function decodeEntries(file: string, text: string): CopyEntry[] {
  const items = parseText(file, text)
  if (!Array.isArray(items)) throw new CorruptObjectError(file, 'is no list')
  return items.map(item => {
    const entry = entryOf(item)
    if (!entry) throw new CorruptObjectError(file, `has a malformed entry: ${JSON.stringify(item)?.slice(0, 200)}`)
    return entry
  })
}

function entryOf(item: unknown): CopyEntry | undefined {
  if (!Array.isArray(item)) return undefined
  const [path, sha256, bit, size, mtimeMs, inode] = item
  const side = sideOf(sha256, bit)
  if (typeof path !== 'string' || !isPath(path) || !side) return undefined
  if (item.length === 3) return { path, ...side, stat: undefined }
  if (item.length === 4 && size === ABSENT) return { path, ...side, stat: undefined, absent: true }
  if (item.length !== 6 || ![size, mtimeMs, inode].every(Number.isFinite)) return undefined
  return { path, ...side, stat: { size, mtimeMs, inode, executable: side.executable } }
}

function sideOf(sha256: unknown, bit: unknown): Side | undefined {
  if (typeof sha256 !== 'string' || sha256.length !== 64 || (bit !== 0 && bit !== 1)) return undefined
  return { sha256, executable: bit === 1 }
}

export function encodeJournal(entries: readonly JournalEntry[]): string {
  const lines = entries.map(({ path, side }) =>
    JSON.stringify(side ? [path, side.sha256, side.executable ? 1 : 0] : [path]),
  )
  return `${lines.join('\n')}\n`
}

/** A line that was cut short, and what comes after it, was never begun with. */
export function decodeJournal(text: string): JournalEntry[] {
  const entries: JournalEntry[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    const item = parsed(line)
    const [path, sha256, bit] = Array.isArray(item) ? item : []
    if (typeof path !== 'string' || !isPath(path)) break
    const side = sideOf(sha256, bit)
    if (!side && sha256 !== undefined) break
    entries.push({ path, side })
  }
  return entries
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
