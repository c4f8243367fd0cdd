// Whether a store lies inside a git repository that does not ignore it: its objects would be committed by accident.
// Without git, or outside of a repository, there is nothing to say. Changes nothing.
import { relative } from 'node:path'
import { execa } from '../vendor/execa.ts'
import { storeFolder } from './store-folder.ts'

/** What to add to .gitignore, for a store at `url` below the current folder's repository; undefined when nothing is amiss. */
export async function unignoredByGit(url: string): Promise<string | undefined> {
  const folder = await storeFolder(url)
  if (!folder) return undefined
  const top = await git('rev-parse', '--show-toplevel')
  const path = top.exitCode === 0 && relative(top.stdout, folder)
  if (!path || path.startsWith('..')) return undefined
  const ignored = await git('check-ignore', '--quiet', folder)
  return ignored.exitCode === 1 ? `${path.replace(/(^|\/)\.runlet\/.*$/, '$1.runlet')}/` : undefined
}

const git = (...args: string[]) => execa('git', args, { reject: false, stdin: 'ignore' })
