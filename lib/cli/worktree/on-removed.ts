// `--on-removed`, as the verbs that give worktrees a namespace declare it.

import type { OnRemoved } from '../../integrations/worktree/records.ts'
import { Option } from '../../vendor/commander.ts'

const ON_REMOVED = ['keep', 'fold', 'discard'] as const satisfies readonly OnRemoved[]

export const onRemovedOption = (): Option =>
  new Option('--on-removed <what>', 'what sweeps do with the namespace once the worktree is removed').choices(
    ON_REMOVED,
  )
