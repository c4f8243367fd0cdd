// The errors of worktrees: each says what is the matter with this checkout, and which verb puts it right.
import { RunletError } from '../../errors.ts'

/** The folder belongs to no git repository. */
export class NoRepositoryError extends RunletError {
  readonly folder: string
  constructor(folder: string, needed = 'a git repository') {
    super('ERR_RUNLET_NO_REPOSITORY', `"${folder}" is not inside ${needed}. Go into one, and try again.`)
    this.folder = folder
  }
}

/** The worktree has no namespace of its own. */
export class NotAttachedError extends RunletError {
  readonly root: string
  constructor(root: string) {
    super(
      'ERR_RUNLET_WORKTREE_NOT_ATTACHED',
      `the worktree "${root}" has no namespace of its own. \`runlet worktree attach\` gives it one.`,
    )
    this.root = root
  }
}

/** The worktree, or the namespace, is in use by another one. Nothing was changed. */
export class AttachedError extends RunletError {
  readonly root: string
  readonly namespace: string
  constructor(root: string, namespace: string, remedy: string) {
    super('ERR_RUNLET_WORKTREE_ATTACHED', `the worktree "${root}" has the namespace "${namespace}". ${remedy}`)
    this.root = root
    this.namespace = namespace
  }
}

/** The worktree's namespace was ended by somebody else, and it does not get a new one by itself. */
export class WorktreeEndedError extends RunletError {
  readonly namespace: string
  constructor(root: string, namespace: string, how: string) {
    super(
      'ERR_RUNLET_WORKTREE_ENDED',
      `the namespace "${namespace}" of the worktree "${root}" was ${how}. Say \`runlet worktree attach\` for a new one, or \`runlet worktree discard\` to use that of the configuration.`,
    )
    this.namespace = namespace
  }
}

/** The worktree's namespace is not where it was: a store in the folder of a repository that was moved, say. */
export class WorktreeLostError extends RunletError {
  readonly namespace: string
  constructor(root: string, namespace: string, store: string, options?: ErrorOptions) {
    super(
      'ERR_RUNLET_WORKTREE_LOST',
      `the worktree "${root}" has the namespace "${namespace}" in ${store}, where it is not. Put the store back; or say \`runlet worktree discard\`, and \`runlet worktree attach\` with its name where it is now.`,
      options,
    )
    this.namespace = namespace
  }
}

/** Git, or a file of the repository, did not do what a verb needs. */
export class RepositoryError extends RunletError {
  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super('ERR_RUNLET_REPOSITORY', `${problem}. ${remedy}`, options)
  }
}
