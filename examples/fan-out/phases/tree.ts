// The files of a worktree: what git has checked out as plain files. Links are left out (they may lead anywhere), and so are
// submodules.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from '../git.ts'

const PLAIN_FILE = /^100(?:644|755) \S+ \d\t(.+)$/s

/** The paths of the tree, in git's order. */
export async function filesOf(folder: string, signal: AbortSignal): Promise<string[]> {
  const output = await git(folder, ['ls-files', '--stage', '-z'], signal)
  return output.split('\0').flatMap(entry => PLAIN_FILE.exec(entry)?.[1] ?? [])
}

/** The content of a file; undefined when it is not checked out (a sparse checkout) or cannot be read. */
export async function contentOf(folder: string, file: string, signal: AbortSignal): Promise<Buffer | undefined> {
  try {
    return await readFile(join(folder, file), { signal })
  } catch (error) {
    signal.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code) return undefined
    throw error
  }
}
