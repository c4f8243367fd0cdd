// Where the verbs of working copies work: the directory that was named, else the nearest one above this folder that is a copy.
import { stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { systemAmbient } from '../ambient.ts'
import type { Config } from '../config.ts'
import { earlierNamespaces } from '../integrations/worktree/records.ts'
import { CopyState } from '../sync/copy-state.ts'
import type { WorkingCopy } from '../sync/working-copy.ts'
import type { SharedOptions } from './context.ts'
import { atNamespace } from './place.ts'

export interface CopyOptions {
  readonly dir?: string
  readonly prefix?: string
}

/** Opens the copy and does the work. That its namespace exists is not asked: a pull of what did not change is one request. */
export function atCopy<T>(
  shared: SharedOptions,
  { dir, prefix }: CopyOptions,
  work: (copy: WorkingCopy) => Promise<T>,
): Promise<T> {
  return atNamespace(
    shared,
    async ({ namespace, config }) => {
      const directory = dir === undefined ? await nearestCopy(process.cwd()) : resolve(dir)
      const rebind = await isOfEarlier(directory, config)
      const copy = await namespace.workingCopy(directory, { prefix, rebind })
      try {
        return await work(copy)
      } finally {
        await copy.dispose()
      }
    },
    { assumeExists: true },
  )
}

/** What the copy calls a file or folder that was named from this folder or, with `--dir`, from that one. */
export const pathIn = ({ directory }: WorkingCopy, { dir = '.' }: CopyOptions, named: string): string =>
  relative(directory, resolve(dir, named)).split(sep).join('/')

/** A worktree gets a new namespace after each fold: a copy of the one before goes on as one of that. */
async function isOfEarlier(directory: string, { worktree }: Config): Promise<boolean> {
  if (!worktree) return false
  const header = await new CopyState(directory, systemAmbient).header()
  return header !== undefined && (await earlierNamespaces(worktree.checkout)).includes(header.namespace)
}

async function nearestCopy(start: string): Promise<string> {
  for (let folder = start; ; folder = dirname(folder)) {
    if (await isThere(join(folder, '.runlet', 'copy', 'state.json'))) return folder
    if (folder === dirname(folder)) return start
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
