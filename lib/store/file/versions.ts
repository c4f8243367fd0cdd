// Versions: create-if-absent and compare-and-swap between processes, out of `rename` and `link` alone. An object is a folder
// with an empty file `i-<incarnation>` and versions `<incarnation>.<generation>`; the greatest generation M is the current one.
//
// Three rules make it sound, whoever is killed or sleeps wherever:
//  1. A folder comes into being whole (a rename onto it fails while it holds anything) and goes whole (a rename away), and an
//     incarnation's id is never used again. So whatever a path `<folder>/<incarnation>.…` reaches is of this incarnation.
//  2. Generation n+1 is made only by a `link`, which fails if the name exists, and only by who saw that n was M. So generations
//     are made without gaps, and of all who want to follow n one wins, as long as n+1 stays.
//  3. Only generations up to M-16 are removed, by whoever saw M. So M never falls, and the newest 16 are always there.
// What remains is a writer that saw n, slept, and links n+1 long after n+1 was made *and* removed. Its link succeeds and means
// nothing: it lies below M, so nobody reads it, and the next writer removes it. The writer must know, so it looks after linking:
// if n+1 had been removed, somebody saw a generation from n+17 on (3), and M never falls, so this look sees one too. No such
// generation: n+1 was not there before, we made it, the swap is ours. One such: we slept, or we won and 16 others followed;
// nobody can say (AmbiguousWrite). That the predecessor n is still there would prove nothing: it may be such a late link itself.
import { link, readdir, rename, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AmbiguousWrite, CorruptObjectError } from '../../errors.ts'
import { flushFolder, isCode, makeFolders } from './disk.ts'
import type { Place } from './paths.ts'
import { fileName, markerName, type Sight, sightOf, type Version, WINDOW } from './sight.ts'
import { assertStaged, type Staged } from './staging.ts'

/**
 * The current version, or undefined if there is no such object. One listing of a small folder is a single system call, and no
 * local file system changes a folder within one; but POSIX does not say so, and a folder may be moved away and emptied while
 * its listing is open. So it looks until two listings in a row agree: the second one began at the path, after the first ended.
 */
export async function look(place: Place): Promise<Sight | undefined> {
  let before = await list(place)
  for (;;) {
    const now = await list(place)
    if (before?.incarnation === now?.incarnation && before?.generation === now?.generation) return whole(place, now)
    before = now
  }
}

function whole(place: Place, sight: Sight | undefined): Sight | undefined {
  if (!sight || sight.generation > 0) return sight
  throw new CorruptObjectError(place.key, `has no version in the folder ${place.folder}`)
}

async function list(place: Place): Promise<Sight | undefined> {
  const names = await readdir(place.folder).catch(error => {
    if (isCode(error, 'ENOENT')) return []
    throw error
  })
  return names.length === 0 ? undefined : sightOf(names)
}

/** Makes a staged value the first version of an object that does not exist. Undefined if it does. */
export async function create(place: Place, staged: Staged): Promise<Version | undefined> {
  await writeFile(join(staged.folder, markerName(staged.version.incarnation)), '')
  await flushFolder(staged.folder)
  if (!(await moved(place, staged))) return undefined
  await beyondDoubt(place, () => flushFolder(dirname(place.folder)))
  return staged.version
}

async function moved(place: Place, staged: Staged): Promise<boolean> {
  for (;;) {
    try {
      await rename(staged.folder, place.folder)
      return true
    } catch (error) {
      if (isCode(error, 'ENOTEMPTY', 'EEXIST')) return false
      if (!isCode(error, 'ENOENT')) throw error
      await assertStaged(staged)
      // The folders above are missing, or a delete that emptied them removed them just now.
      await makeFolders(dirname(place.folder))
    }
  }
}

/** Makes a staged value the version after `seen`. Undefined if another one is, or if the object is gone. */
export async function replace(place: Place, seen: Version, staged: Staged): Promise<Version | undefined> {
  const next = { incarnation: seen.incarnation, generation: seen.generation + 1 }
  try {
    await link(staged.file, join(place.folder, fileName(next)))
  } catch (error) {
    if (isCode(error, 'EEXIST')) return undefined
    if (!isCode(error, 'ENOENT')) throw error
    await assertStaged(staged)
    return undefined
  }
  await beyondDoubt(place, () => confirm(place, next))
  return next
}

/** The look after linking. Throws AmbiguousWrite when it cannot tell that the link made a new version. */
async function confirm(place: Place, made: Version): Promise<void> {
  const sight = await look(place)
  if (sight?.incarnation !== made.incarnation || sight.generation >= made.generation + WINDOW) {
    throw new AmbiguousWrite(place.key)
  }
  await flushFolder(place.folder)
  await Promise.all(sight.stale.map(name => removeStale(join(place.folder, name))))
}

/** Another writer may have removed it first. Should it fail otherwise, the next writer tries again: this write is done. */
async function removeStale(path: string): Promise<void> {
  await unlink(path).catch(() => {})
}

/** From here on the version may be seen, so whatever fails leaves the outcome unknown. */
async function beyondDoubt(place: Place, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw error instanceof AmbiguousWrite ? error : new AmbiguousWrite(place.key, { cause: error })
  }
}
