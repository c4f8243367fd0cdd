// What one call of `combine` has to settle. Whoever leads and whoever follows both fill in the outcomes.
import type { Outcome } from './batch.ts'
import type { Change } from './change.ts'

/** Changes of this process that are not decided yet, and the outcomes of those that are. */
export class Pending {
  readonly outcomes = new Map<string, Outcome>()
  /** As they were brought up to some head, to lie in the queue. */
  readonly changes: Map<string, Change>
  private readonly made: ReadonlyMap<string, Change>
  /** Those that lie in the queue, in whatever state. */
  readonly queued = new Set<string>()

  constructor(changes: readonly Change[]) {
    this.changes = new Map(changes.map(change => [change.id, change]))
    this.made = new Map(this.changes)
  }

  /**
   * As it was made. What lies on top of a change that was brought up to a head may say again what that head said; by now a sweep may have
   * deleted that, so this process begins from here whenever it settles the change anew.
   */
  asMade(change: Change): Change {
    return this.made.get(change.id) ?? change
  }

  get open(): Change[] {
    return [...this.changes.values()].filter(change => !this.outcomes.has(change.id))
  }

  get settled(): boolean {
    return this.outcomes.size === this.changes.size
  }
}
