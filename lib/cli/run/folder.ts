// RUNLET_DIR: the folder whose files become the run's. A fresh one in the system's temporary folder, removed at the end, or the
// user's own, which is left alone.
import { mkdir, mkdtemp, readdir, realpath, rm, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { STATE_FOLDER } from '../../sync/ours.ts'
import { FileError } from '../errors.ts'
import { storeFolder } from '../store-folder.ts'

export interface RunFolder {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** Whether it is the user's own, which outlives the run anyhow. */
  readonly own: boolean
}

/** Makes the folder. @throws InvalidArgumentError when the store itself lies in it, and would be put into itself */
export async function openRunFolder(dir: string | undefined, runId: string, storeUrl: string): Promise<RunFolder> {
  if (dir === undefined) return { path: await realpath(await mkdtemp(join(tmpdir(), `runlet-${runId}-`))), own: false }
  try {
    await mkdir(dir, { recursive: true })
  } catch (cause) {
    throw FileError.cannot('be used as the folder of the run', dir, cause)
  }
  const path = await realpath(dir)
  const store = await storeFolder(storeUrl)
  if (store !== undefined && !relative(path, store).startsWith('..')) {
    throw new InvalidArgumentError(
      '--dir',
      `the store lies inside ${path}`,
      'Name a folder that does not hold the store.',
    )
  }
  return { path, own: true }
}

/** Files of a temporary folder that no working copy of the paths below `prefix` brings into the run. */
export async function filesOutside(folder: RunFolder, prefix: string): Promise<string[]> {
  if (folder.own) return []
  const outside: string[] = []
  for (const name of await readdir(folder.path, { recursive: true })) {
    const path = name.split(sep).join('/')
    if (path.startsWith(prefix) || path.split('/')[0] === STATE_FOLDER) continue
    if (!(await stat(join(folder.path, name)).catch(() => undefined))?.isDirectory()) outside.push(path)
  }
  return outside
}

/** Removes a temporary folder with all that is in it. */
export async function removeRunFolder(folder: RunFolder): Promise<void> {
  if (folder.own) return
  // Another user's file, a folder without permission: the end of the run does not depend on it.
  await rm(folder.path, { recursive: true, force: true }).catch(() => undefined)
}

/** Removes a temporary folder only if nothing is in it; resolves to whether there is nothing to tell of. */
export async function leaveRunFolder(folder: RunFolder): Promise<boolean> {
  if (folder.own) return true
  return rmdir(folder.path).then(
    () => true,
    () => false,
  )
}
