// Leftovers: what killed processes left below `.tmp`, removed when a store is opened. Nothing depends on it but disk space.
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

/** Removes temporary entries that nobody wrote to for an hour. */
export async function removeLeftovers(root: string, ambient: Ambient): Promise<void> {
  const folder = join(root, TEMPORARY)
  const names = await readdir(folder)
  for (const name of names.slice(0, MOST_AT_ONCE)) await removeIfOld(folder, name, ambient)
}

async function removeIfOld(folder: string, name: string, ambient: Ambient): Promise<void> {
  const entry = join(folder, name)
  const grave = join(folder, ambient.randomId())
  try {
    const isOld = async (path: string) => ambient.now() - (await stat(path)).mtimeMs > OLD_MS
    if (!(await isOld(entry))) return
    // A long stream touches its file, not the folder around it.
    for (const child of await readdir(entry)) if (!(await isOld(join(entry, child)))) return
    await rename(entry, grave)
    await rm(grave, { recursive: true, force: true })
  } catch (error) {
    // Its owner, or another process that opens the store, was faster; or it is not ours to remove.
    if (!isCode(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EACCES', 'EPERM', 'EROFS')) throw error
  }
}
