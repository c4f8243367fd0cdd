// The verbs of `runlet worktree`: their arguments, options and examples.

import type { AddVerb } from '../add-verb.ts'
import { ON_CONFLICT } from '../on-conflict.ts'
import { onRemovedOption } from './on-removed.ts'

export function addWorktreeVerbs(add: AddVerb): void {
  add('install', {
    does: 'add a git hook, so that each new worktree gets a namespace of its own',
    more: 'A child of the namespace that the configuration names, forked with the first runlet command in the worktree. A hook that is there runs first. For husky, lefthook and pre-commit it prints the lines to add.',
    examples: ['runlet worktree install', 'runlet worktree install --on-removed fold'],
    load: () => import('./install.ts'),
  }).addOption(onRemovedOption())
  add('attach [run]', {
    does: 'give this worktree a namespace by hand: a new one, or a run that is there',
    examples: ['runlet worktree attach', 'runlet worktree attach import-7'],
    load: () => import('./attach.ts'),
  }).addOption(onRemovedOption())
  add('status', {
    does: 'tell which namespace this worktree uses, who owns it, and what it changed',
    examples: ['runlet worktree status'],
    load: () => import('./status.ts'),
  })
  add('fold', {
    does: 'fold the namespace of this worktree into its parent',
    more: 'The next runlet command in it forks a new one.',
    examples: ['runlet worktree fold -m "the new parser"', "runlet worktree fold --on-conflict 'logs/**=union-lines'"],
    load: () => import('./fold.ts'),
  })
    .option('-m, --message <text>', 'what `runlet log` shows')
    .option(...ON_CONFLICT)
  add('discard', {
    does: 'drop the namespace of this worktree, and all that was written to it',
    examples: ['runlet worktree discard'],
    load: () => import('./discard.ts'),
  })
  add('uninstall', {
    does: 'take the hook away, and put back what was there before',
    examples: ['runlet worktree uninstall'],
    load: () => import('./uninstall.ts'),
  })
}
