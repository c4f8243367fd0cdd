// The git worktree of a workflow: one for all of its phases, for each builds on the files of the one before. Every driver that takes
// the workflow over makes it anew, in a folder of its own, at the last commit that counts: an agent that outlived its driver goes on in
// a folder that nobody looks at any more.
import { rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import PQueue from 'p-queue'
import { GitError, git } from '../fan-out/git.ts'

/** Beside the repository, so that no tool that works in it meets them. */
const homeOf = (repository: string, id: string): string => join(`${repository}.adw`, 'trees', id)

/** Worktrees that git makes at the same time can trip over one another's unfinished entries. */
const oneAtATime = new PQueue({ concurrency: 1 })

export interface Checkout {
  readonly id: string
  readonly token: number
  /** What the branch begins or goes on with. */
  readonly commit: string
}

const branchOf = (id: string): string => `adw/${id}`

/** A branch that is there before anything was written of its workflow is somebody else's. @throws GitError */
export async function refuseTaken(repository: string, id: string): Promise<void> {
  const branch = branchOf(id)
  if (await git(repository, ['for-each-ref', `refs/heads/${branch}`]))
    throw new GitError(`"${repository}" has a branch ${branch} already: delete it, or give another --id`)
}

/** Makes the worktree, on the workflow's branch; resolves to its folder. */
export async function openWorktree(repository: string, { id, token, commit }: Checkout): Promise<string> {
  const folder = join(homeOf(repository, id), String(token))
  const add = ['worktree', 'add', '--quiet', '--force', '-B', branchOf(id), folder, commit]
  await removeWorktrees(repository, id)
  await oneAtATime.add(() => git(repository, add))
  return folder
}

/** Removes what this driver and those before it made; the branch stays. */
export async function removeWorktrees(repository: string, id: string): Promise<void> {
  const home = homeOf(repository, id)
  await oneAtATime.add(async () => {
    await rm(home, { recursive: true, force: true, maxRetries: 3 })
    const entries = (await git(repository, ['worktree', 'list', '--porcelain'])).split('\n')
    const folders = entries.flatMap(line => (line.startsWith('worktree ') ? [line.slice(9)] : []))
    for (const folder of folders.filter(folder => folder.startsWith(home + sep)))
      await git(repository, ['worktree', 'remove', '--force', '--force', folder])
  })
}

/** Commits whatever changed; resolves to the commit that the branch is at then. */
export async function commitAll(folder: string, message: string): Promise<string> {
  await git(folder, ['add', '--all'])
  if (await git(folder, ['status', '--porcelain'])) await git(folder, ['commit', '--quiet', '--message', message])
  return git(folder, ['rev-parse', 'HEAD'])
}

/** Takes back what does not count: what was changed, added or even committed since. */
export async function restore(folder: string, commit: string): Promise<void> {
  await git(folder, ['reset', '--quiet', '--hard', commit])
  await git(folder, ['clean', '--quiet', '-d', '--force'])
}
