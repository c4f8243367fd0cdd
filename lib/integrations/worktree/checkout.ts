// Which git checkout a folder belongs to, and where git keeps what it knows of it: found from files alone, for every command asks it
// and git itself would be a process more. Anything that is no checkout as git makes them is none.
import { readFile, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'

export interface Checkout {
  /** The top of the working tree. */
  readonly root: string
  /** What is this checkout's alone: `.git` of the main worktree, `.git/worktrees/<name>` of another one. */
  readonly gitDir: string
  /** What all worktrees of the repository share. */
  readonly commonDir: string
}

/** Whether it was made by `git worktree add`. */
export const isLinked = ({ gitDir, commonDir }: Checkout): boolean => gitDir !== commonDir

/** The checkouts around a folder, the innermost first: a submodule, then the repository that it is part of. */
export async function* checkoutsAround(start: string): AsyncGenerator<Checkout> {
  for (const folder of foldersAbove(start)) {
    const checkout = await checkoutAt(folder)
    if (checkout) yield checkout
  }
}

/** The folder, the one above it, and so on; with `top`, no further than that. */
export function* foldersAbove(start: string, top?: string): Generator<string> {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    yield folder
    if (folder === top || folder === dirname(folder)) return
  }
}

export const isInside = (folder: string, top: string): boolean => {
  const path = relative(top, folder)
  return path !== '..' && !path.startsWith('../') && !path.startsWith('..\\')
}

/** With this folder at its top. */
export async function checkoutAt(root: string): Promise<Checkout | undefined> {
  const dotGit = join(root, '.git')
  const text = await readFile(dotGit, 'utf8').catch((error: NodeJS.ErrnoException) => error.code)
  if (text === 'EISDIR') return (await isGitDir(dotGit)) ? { root, gitDir: dotGit, commonDir: dotGit } : undefined
  const pointer = /^gitdir: (.+)$/m.exec(text ?? '')?.[1]
  if (pointer === undefined) return undefined
  const gitDir = resolve(root, pointer.trimEnd())
  const common = await readFile(join(gitDir, 'commondir'), 'utf8').catch(() => undefined)
  if (common !== undefined) return { root, gitDir, commonDir: resolve(gitDir, common.trim()) }
  return (await isGitDir(gitDir)) ? { root, gitDir, commonDir: gitDir } : undefined
}

/** Whether it can be a repository's own folder: a bare one, or the `.git` of a main worktree. */
export const isGitDir = (folder: string): Promise<boolean> =>
  Promise.all([stat(join(folder, 'HEAD')), stat(join(folder, 'objects'))]).then(
    () => true,
    () => false,
  )
