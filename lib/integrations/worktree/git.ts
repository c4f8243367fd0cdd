// Calls of git, for what files alone do not tell. Only where a worktree is set up: no command that just uses one starts a process.
import { basename, dirname, resolve } from 'node:path'
import { type Checkout, checkoutAt, isLinked } from './checkout.ts'

/** What git prints, without the line's end; undefined when it says no, or is not there. */
export async function git(folder: string, ...args: string[]): Promise<string | undefined> {
  const { execa } = await import('../../vendor/execa.ts')
  // Set by git for the hooks that it runs, and then of another repository maybe.
  const env = { GIT_DIR: undefined, GIT_WORK_TREE: undefined, GIT_COMMON_DIR: undefined, GIT_INDEX_FILE: undefined }
  const { exitCode, stdout } = await execa('git', args, { cwd: folder, reject: false, stdin: 'ignore', env })
  return exitCode === 0 ? stdout : undefined
}

/** The branch that is checked out; the worktree's own name when none is. */
export async function branchOf({ root }: Checkout): Promise<string> {
  return (await git(root, 'symbolic-ref', '--quiet', '--short', 'HEAD')) || basename(root)
}

/**
 * Where the repository's main worktree lies; of a bare repository, the folder whose `.git` it is (people keep worktrees in such a one),
 * else the repository itself. `installed`: where it was found when the hook was installed from there, for git does not tell of one
 * whose git directory lies elsewhere.
 */
export async function mainWorktreeOf(checkout: Checkout, installed: string | undefined): Promise<string> {
  const { root, commonDir } = checkout
  if (!isLinked(checkout)) return root
  const setting = (name: string, ...how: string[]) => git(commonDir, '--git-dir=.', 'config', ...how, '--get', name)
  const worktree = await setting('core.worktree')
  if (worktree) return resolve(commonDir, worktree)
  if ((await setting('core.bare', '--type=bool')) === 'true') {
    const above = await checkoutAt(dirname(commonDir))
    return above?.commonDir === commonDir ? above.root : commonDir
  }
  return basename(commonDir) === '.git' ? dirname(commonDir) : (installed ?? commonDir)
}
