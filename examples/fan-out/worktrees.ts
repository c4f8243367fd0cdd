// Real git worktrees in a temporary folder, one for each run, and their removal whatever happens: when this function has ended,
// the repository knows of none of them. The repository's own working tree and index are never touched.
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { type Commit, git } from './git.ts'

export interface Worktree {
  readonly folder: string
  readonly commit: Commit
}

/** Makes a worktree for each commit (the same commit may come twice), and removes them all when `work` has ended. */
export async function withWorktrees<T>(
  repository: string,
  commits: readonly Commit[],
  signal: AbortSignal,
  work: (worktrees: readonly Worktree[]) => Promise<T>,
): Promise<T> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'runlet-worktrees-')))
  try {
    const worktrees: Worktree[] = []
    for (const [i, commit] of commits.entries()) {
      const folder = join(home, `${i + 1}-${commit.hash.slice(0, 7)}`)
      await git(repository, ['worktree', 'add', '--quiet', '--detach', folder, commit.hash], signal)
      worktrees.push({ folder, commit })
    }
    return await work(worktrees)
  } finally {
    await removeBelow(repository, home)
  }
}

/** Asks git which worktrees there are, for one that was interrupted while it was made is in no list of ours. */
async function removeBelow(repository: string, home: string): Promise<void> {
  for (const folder of await worktreesBelow(repository, home)) {
    await git(repository, ['worktree', 'remove', '--force', '--force', folder]).catch(() => undefined)
  }
  await rm(home, { recursive: true, force: true, maxRetries: 3 })
  // Only if need be: it also forgets worktrees of others whose folder is not there at this moment.
  if ((await worktreesBelow(repository, home)).length > 0) await git(repository, ['worktree', 'prune'])
}

async function worktreesBelow(repository: string, home: string): Promise<string[]> {
  const output = await git(repository, ['worktree', 'list', '--porcelain'])
  const folders = output.split('\n').flatMap(line => (line.startsWith('worktree ') ? [line.slice(9)] : []))
  return folders.filter(folder => folder.startsWith(home + sep))
}
