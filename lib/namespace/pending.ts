// What one call of `combine` has to settle. Whoever leads and whoever follows both fill in the outcomes.
import type { Outcome } from './batch.ts'
import type { Change } from './change.ts'

/** Changes of this process that are not decided yet, and the outcomes of those that are. */
export class Pending {
  readonly outcomes = new Map<string, Outcome>()
  readonly changes: Map<string, Change>
  /** Those that lie in the queue, in whatever state. */
  readonly queued = new Set<string>()

  constructor(changes: readonly Change[]) {
    this.changes = new Map(changes.map(change => [change.id, change]))
  }

  get open(): Change[] {
    return [...this.changes.values()].filter(change => !this.outcomes.has(change.id))
  }

  get settled(): boolean {
    return this.outcomes.size === this.changes.size
  }
}
