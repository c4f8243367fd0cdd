// Storing the values of what a directory changed, as the first half of a push: what results can be committed at once, or later.

import { concurrently } from '../concurrently.ts'
import { compareBytes } from '../names.ts'
import { deletedRow, type Row } from '../namespace/row.ts'
import type { Side } from './decide.ts'
import { hasVanished } from './local-files.ts'
import { Progress } from './progress.ts'
import type { LocalChange } from './scan.ts'
import { proving, type Stat } from './stat.ts'
import { assertTurn, type Turn } from './turn.ts'

/** One path as it is to be committed. */
export interface Upload {
  readonly row: Row
  /** What copy and namespace had in common when it was found changed. */
  readonly base: Side | undefined
  /** That proves the file unchanged since. */
  readonly proof: Stat | undefined
}

const UPLOADS = 16

/** Stores the values. A file that went since the scan is left to the next push, which finds out what became of it. */
export async function upload(
  turn: Turn,
  changes: readonly LocalChange[],
  onProgress?: (files: number) => void,
): Promise<Upload[]> {
  const progress = new Progress(turn.namespace.ambient, onProgress)
  const now = await turn.files.startedAt()
  const uploads = await concurrently(changes, UPLOADS, async change => {
    assertTurn(turn)
    const row = await rowOf(turn, change)
    progress.add(1)
    const { base, stat } = change
    // As read for the upload, which was after the stat: if it was changed in between, the stat does not fit and it is hashed again.
    return row && { row, base, proof: stat && proving(stat, now) }
  })
  progress.end()
  return uploads.filter(one => one !== undefined).sort((a, b) => compareBytes(a.row.path, b.row.path))
}

async function rowOf({ namespace, signing, files }: Turn, { path, stat }: LocalChange): Promise<Row | undefined> {
  const { ambient, name, values } = namespace
  const { author } = signing
  const at = ambient.now()
  if (!stat) return deletedRow(path, { in: name, at, author })
  try {
    const content = await values.write(name, files.read(path, stat.size))
    return { path, seq: 0, at, author, ...content, ...(stat.executable && { executable: true }) }
  } catch (error) {
    if (hasVanished(error)) return undefined
    throw error
  }
}

/** Remembers what was committed as what both sides have. */
export async function rememberAll({ state }: Turn, uploads: readonly Upload[]): Promise<void> {
  for (const { row, proof } of uploads) {
    const side = sideOfRow(row)
    if (side) await state.set({ path: row.path, ...side, stat: proof })
    else await state.delete(row.path)
  }
}

export const sideOfRow = ({ sha256, executable }: Row): Side | undefined =>
  sha256 === undefined ? undefined : { sha256, executable: executable === true }
