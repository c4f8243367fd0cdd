// Which worktree a folder is in, as far as runlet has to do with it, and where its configuration is looked for. Asked by config.ts for
// every command, so it reads a few small files and starts nothing.
import { join, relative } from 'node:path'
import { type Checkout, checkoutsAround, foldersAbove } from './checkout.ts'
import { mainWorktreeOf } from './git.ts'
import { type Attachment, isNew, readAttachment, readInstall } from './records.ts'

export interface Worktree {
  readonly checkout: Checkout
  /** The main worktree's folder: what is relative in a configuration that all worktrees share starts there. */
  readonly main: string
  /** Undefined in one that is to get a namespace with its first use. */
  readonly attached: Attachment | undefined
}

/**
 * The worktree around a folder that has a namespace, or is to get one. A repository inside of it (a submodule, a clone) belongs to it
 * unless it has a configuration of its own.
 */
export async function findWorktree(
  start: string,
  hasConfig: (folder: string) => Promise<boolean>,
): Promise<Worktree | undefined> {
  let inner: Checkout | undefined
  for await (const checkout of checkoutsAround(start)) {
    // A worktree may lie in the folder of another one of its repository, and has nothing to do with that.
    if (inner?.commonDir === checkout.commonDir) return undefined
    if (inner && (await hasOwn(inner))) return undefined
    const attached = await readAttachment(checkout)
    if (attached?.forked || (await isNew(checkout)))
      return { checkout, main: await mainOf(checkout, attached), attached: attached?.forked ? attached : undefined }
    inner = checkout
  }
  return undefined

  async function hasOwn({ root }: Checkout): Promise<boolean> {
    for (const folder of foldersAbove(start, root)) if (await hasConfig(folder)) return true
    return false
  }
}

/** Git is asked once, when the worktree is attached. */
export const mainOf = async (checkout: Checkout, attached?: Attachment): Promise<string> =>
  attached?.forked ? attached.main : mainWorktreeOf(checkout, (await readInstall(checkout.commonDir))?.main)

/** A folder to look for a configuration in, and the folder that relative paths in it start from. */
export interface ConfigPlace {
  readonly folder: string
  readonly base: string
}

/**
 * In this order: the worktree, from the folder upwards; the same folders of the main worktree, for a file that is not committed; what
 * lies above. A file that is checked out in each worktree names one store for all: that of the main worktree.
 */
export function* configPlaces(start: string, worktree: Worktree | undefined): Generator<ConfigPlace> {
  const { root } = worktree?.checkout ?? {}
  const within = root === undefined ? [] : [...foldersAbove(start, root)]
  const main = worktree ? within.map(folder => join(worktree.main, relative(worktree.checkout.root, folder))) : []
  for (const [i, folder] of within.entries()) yield { folder, base: main[i] ?? folder }
  for (const folder of main) yield { folder, base: folder }
  for (const folder of foldersAbove(start)) if (!within.includes(folder)) yield { folder, base: folder }
}
