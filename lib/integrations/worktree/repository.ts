// The repository that `install` and `uninstall` work on, as git itself tells of it: also a bare one, and wherever its hooks lie.
import { resolve } from 'node:path'
import { NoRepositoryError } from './errors.ts'
import { git } from './git.ts'

export interface Repository {
  /** The top of the working tree; undefined in a bare repository. */
  readonly root: string | undefined
  readonly commonDir: string
  /** Whether this is not the main worktree, but one that `git worktree add` made. */
  readonly isLinked: boolean
  readonly hooksDir: string
  /** Which of git's configurations sets `core.hooksPath`: local, worktree, global, system or command; undefined when none does. */
  readonly hooksScope: string | undefined
  /** `core.hooksPath` as it is written, when it is relative: each worktree has hooks of its own then. */
  readonly relativeHooks: string | undefined
}

/** @throws NoRepositoryError, also when there is no git */
export async function repositoryAt(folder: string): Promise<Repository> {
  const ask = (...args: string[]) => git(folder, 'rev-parse', ...args)
  const [own, common] = await Promise.all([ask('--git-dir'), ask('--git-common-dir')])
  if (own === undefined || common === undefined) throw new NoRepositoryError(folder)
  const root = (await ask('--show-toplevel')) || undefined
  const [gitDir, commonDir] = [resolve(folder, own), resolve(folder, common)]
  const base = root ?? commonDir
  const [hooks = 'hooks', setting] = await Promise.all([
    git(base, 'rev-parse', '--git-path', 'hooks'),
    git(base, 'config', '--show-scope', '--get', 'core.hooksPath'),
  ])
  const [hooksScope, hooksPath] = setting?.split('\t') ?? []
  const isRelative = root !== undefined && hooksPath !== undefined && !/^[/~]/.test(hooksPath)
  return {
    root,
    commonDir,
    isLinked: gitDir !== commonDir,
    hooksDir: resolve(base, hooks),
    hooksScope,
    relativeHooks: isRelative ? hooksPath : undefined,
  }
}
