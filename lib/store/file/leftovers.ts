// Leftovers: what killed processes left below `.tmp`, removed when a store is opened or swept. Nothing depends on it but disk space.
// The invariant: an entry is moved away whole before it is emptied, so that an owner who was only slow fails to publish it,
// and never publishes half of it.
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ambient } from '../../ambient.ts'
import { isCode } from './disk.ts'
import { TEMPORARY } from './paths.ts'

const OLD_MS = 3_600_000
/** So that opening a store stays quick whatever lies there; the next opening goes on. */
const MOST_AT_ONCE = 200

/** Removes temporary entries that nobody wrote to for an hour; resolves to the bytes of each. */
export async function removeLeftovers(
  root: string,
  ambient: Ambient,
  { dryRun }: { dryRun: boolean } = { dryRun: false },
): Promise<number[]> {
  const folder = join(root, TEMPORARY)
  const names = await readdir(folder)
  const removed: number[] = []
  for (const name of names.slice(0, MOST_AT_ONCE)) {
    const bytes = await removeIfOld(folder, name, { ambient, dryRun })
    if (bytes !== undefined) removed.push(bytes)
  }
  return removed
}

/** Resolves to its bytes; undefined when it is left, or somebody else was faster. */
async function removeIfOld(
  folder: string,
  name: string,
  { ambient, dryRun }: { ambient: Ambient; dryRun: boolean },
): Promise<number | undefined> {
  const entry = join(folder, name)
  const grave = join(folder, ambient.randomId())
  try {
    const isYoung = ({ mtimeMs }: { mtimeMs: number }) => ambient.now() - mtimeMs <= OLD_MS
    if (isYoung(await stat(entry))) return undefined
    // A long stream touches its file, not the folder around it.
    const files = await Promise.all((await readdir(entry)).map(child => stat(join(entry, child))))
    if (files.some(isYoung)) return undefined
    if (!dryRun) {
      await rename(entry, grave)
      await rm(grave, { recursive: true, force: true })
    }
    return files.reduce((sum, { size }) => sum + size, 0)
  } catch (error) {
    // Its owner, or another process that opens the store, was faster; or it is not ours to remove.
    if (!isCode(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EACCES', 'EPERM', 'EROFS')) throw error
    return undefined
  }
}
