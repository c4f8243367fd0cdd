// The git worktree of a workflow: one for all of its phases, for each builds on the files of the one before. Every driver that takes
// the workflow over makes it anew, in a folder of its own, at the last commit that counts: an agent that outlived its driver goes on in
// a folder that nobody looks at any more. A file for each branch says which namespace its workflow is in, so that what a dead driver left is
// told from what is somebody else's.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import PQueue from 'p-queue'
import { GitError, git } from '../fan-out/git.ts'

/** Beside the repository, so that no tool that works in it meets them. */
const homeOf = (repository: string, id: string): string => join(`${repository}.adw`, 'trees', id)
const markFile = (repository: string, id = ''): string => join(`${repository}.adw`, 'branches', id)

/** Worktrees that git makes at the same time can trip over one another's unfinished entries. */
const oneAtATime = new PQueue({ concurrency: 1 })

export interface Checkout {
  readonly id: string
  readonly token: number
  /** What the branch begins or goes on with. */
  readonly commit: string
  /** The namespace that its workflow is in. */
  readonly mark: string
}

const branchOf = (id: string): string => `adw/${id}`
/** Before the mark of a workflow that is complete. */
const DONE = 'done '

/** A branch without our mark is somebody else's. @throws GitError */
export async function refuseTaken(repository: string, id: string, mark: string): Promise<void> {
  const found = await readMark(repository, id)
  if ((await hasBranch(repository, id)) && found !== mark && found !== DONE + mark)
    throw new GitError(`"${repository}" has a branch ${branchOf(id)} already: delete it, or give another --id`)
}

const hasBranch = async (repository: string, id: string): Promise<boolean> =>
  (await git(repository, ['for-each-ref', `refs/heads/${branchOf(id)}`])) !== ''

const readMark = (repository: string, id: string): Promise<string> =>
  readFile(markFile(repository, id), 'utf8').catch(() => '')

async function writeMark(repository: string, id: string, mark: string): Promise<void> {
  await mkdir(markFile(repository), { recursive: true })
  await writeFile(markFile(repository, id), mark)
}

/** The workflows of the namespace that were begun and, as far as is noted here, are not complete. */
export async function begun(repository: string, mark: string): Promise<string[]> {
  const ids = await readdir(markFile(repository)).catch(() => [])
  const marks = await Promise.all(ids.map(id => readMark(repository, id)))
  return ids.filter((_, i) => marks[i] === mark)
}

/** Makes the worktree, on the workflow's branch; resolves to its folder. */
export async function openWorktree(repository: string, { id, token, commit, mark }: Checkout): Promise<string> {
  const folder = join(homeOf(repository, id), String(token))
  const add = ['worktree', 'add', '--quiet', '--force', '-B', branchOf(id), folder, commit]
  await removeWorktrees(repository, id)
  await writeMark(repository, id, mark)
  await oneAtATime.add(() => git(repository, add))
  return folder
}

/** Of a workflow that is complete: its branch stays. */
export async function finish(repository: string, id: string, mark: string): Promise<void> {
  await removeWorktrees(repository, id)
  await writeMark(repository, id, DONE + mark)
}

/** Of a workflow that was discarded: nothing stays. */
export async function forget(repository: string, id: string): Promise<void> {
  await removeWorktrees(repository, id)
  if (await hasBranch(repository, id)) await git(repository, ['branch', '--quiet', '-D', branchOf(id)])
  await rm(markFile(repository, id), { force: true })
}

/** Removes what this driver and those before it made. */
async function removeWorktrees(repository: string, id: string): Promise<void> {
  const home = homeOf(repository, id)
  await oneAtATime.add(async () => {
    await rm(home, { recursive: true, force: true, maxRetries: 3 })
    for (const folder of await worktreesBelow(repository, home)) {
      try {
        await git(repository, ['worktree', 'remove', '--force', '--force', folder])
      } catch (error) {
        // Another driver may settle the same.
        if ((await worktreesBelow(repository, home)).includes(folder)) throw error
      }
    }
  })
}

async function worktreesBelow(repository: string, home: string): Promise<string[]> {
  const entries = (await git(repository, ['worktree', 'list', '--porcelain'])).split('\n')
  const folders = entries.flatMap(line => (line.startsWith('worktree ') ? [line.slice(9)] : []))
  return folders.filter(folder => folder.startsWith(home + sep))
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
