// Removal: an object's folder is moved away whole, so that no reader sees half of it, and emptied afterwards. The folders above
// go too when nothing is left in them, so that a listing's cost follows the objects that are there and not those that once were.
import { mkdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import PQueue from 'p-queue'
import { flushFolder, isCode, onDisk, throwIfAborted } from './disk.ts'
import { type Place, placeOf, TEMPORARY } from './paths.ts'

const AT_ONCE = 8

/** Removes the objects that are there. `randomId` names the folder that they are moved to. */
export async function removeObjects(
  root: string,
  keys: readonly string[],
  randomId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const places = keys.map(key => placeOf(root, key))
  const grave = join(root, TEMPORARY, randomId)
  const changed = new Set<string>()
  const queue = new PQueue({ concurrency: AT_ONCE })
  const removeOne = async (place: Place, index: number) => {
    throwIfAborted('delete', place.key, signal)
    if (!(await movedAway(place, join(grave, String(index))))) return
    changed.add(await removeEmptyFolders(root, dirname(place.folder)))
  }
  await onDisk('delete', keys[0] ?? '', () => mkdir(grave))
  try {
    await queue.addAll(places.map((place, index) => () => onDisk('delete', place.key, () => removeOne(place, index))))
    await onDisk('delete', keys[0] ?? '', () => Promise.all([...changed].map(flushFolder)))
  } finally {
    // What cannot be removed now goes with the leftovers: the objects are gone already.
    await rm(grave, { recursive: true, force: true }).catch(() => {})
  }
}

async function movedAway(place: Place, grave: string): Promise<boolean> {
  try {
    await rename(place.folder, grave)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT')) return false
    throw error
  }
}

/** Removes empty folders upwards. Resolves to the first one that stays: the one that changed. */
async function removeEmptyFolders(root: string, folder: string): Promise<string> {
  if (folder === root) return root
  try {
    await rmdir(folder)
  } catch (error) {
    if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return folder
    if (!isCode(error, 'ENOENT')) throw error
  }
  return removeEmptyFolders(root, dirname(folder))
}
