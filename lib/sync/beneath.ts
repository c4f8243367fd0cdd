// Reaching a file below a directory without following a link, whoever exchanges folders for links meanwhile (G10). On Linux each folder
// is opened from the one above it, and named by its descriptor from then on: what was checked is what is used. Elsewhere the folders are
// looked at just before, which leaves an instant to somebody who works in the directory at the same time.
import { constants, existsSync } from 'node:fs'
import { type FileHandle, lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { LinkInCopyError } from '../errors.ts'
import { foldersAbove } from './collisions.ts'

const DESCRIPTORS = '/proc/self/fd'
const hasDescriptors = process.platform === 'linux' && existsSync(DESCRIPTORS)
/** Node has no name for it: a handle that says where, and needs no permission to list. */
const O_PATH = 0o10000000
const FOLDER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** Gives `act` a name of `path` below `root` that leads through no link. @throws LinkInCopyError, and what the system answers */
export async function beneath<T>(root: string, path: string, act: (at: string) => Promise<T>): Promise<T> {
  if (!hasDescriptors) {
    for (const folder of foldersAbove(path)) await assertNoLink(root, folder)
    return act(join(root, path))
  }
  let handle = await open(root, O_PATH | constants.O_DIRECTORY)
  try {
    let from = 0
    for (const folder of foldersAbove(path)) {
      const below = await openBelow(handle, folder.slice(from)).catch(async error => {
        await assertNoLink(root, folder)
        throw error
      })
      await handle.close()
      handle = below
      from = folder.length + 1
    }
    return await act(nameIn(handle, path.slice(from)))
  } finally {
    await handle.close()
  }
}

const nameIn = ({ fd }: FileHandle, name: string): string => `${DESCRIPTORS}/${fd}/${name}`

const openBelow = (folder: FileHandle, name: string): Promise<FileHandle> => open(nameIn(folder, name), FOLDER)

async function assertNoLink(root: string, folder: string): Promise<void> {
  const stats = await lstat(join(root, folder)).catch(() => undefined)
  if (stats?.isSymbolicLink()) throw new LinkInCopyError(folder, 'a symbolic link')
}
