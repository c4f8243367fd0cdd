// What a phase of a run is: it looks at a worktree with real commands, and writes what it finds to the run's namespace.
import type { Results } from '../results.ts'
import type { Worktree } from '../worktrees.ts'

export interface Phase {
  readonly name: string
  /** Resolves to a line for the log. */
  readonly examine: (worktree: Worktree, results: Results, signal: AbortSignal) => Promise<string>
}
