// Keeps a process that commits without a pause from keeping others out (G6). Its swap comes first each time: who leads reads the head,
// and by the time it swaps has lost to the next. So every few commits in a row it looks at the merge lease, and if somebody has it, its
// next commit queues up.
import type { LeaseCell } from '../lease/leases.ts'
import type { LeaseRecord } from '../lease/record.ts'
import type { Version } from '../store/register.ts'

/** After so many commits with hardly a pause, a process looks whether it keeps others out. */
const COMMITS_IN_A_ROW = 8
const PAUSE_MS = 500

export class Courtesy {
  /** Who leads, until a commit has queued up for that. */
  private leader: Version<LeaseRecord> | undefined
  private inARow = 0
  private lastAt = Number.NEGATIVE_INFINITY
  /** As whoever leads: this process. */
  private readonly leading = new Set<Promise<void>>()

  /** To be told of each commit that took no detour; whether it is time to look. */
  isDue(now: number): boolean {
    this.inARow = now - this.lastAt < PAUSE_MS ? this.inARow + 1 : 1
    this.lastAt = now
    return this.inARow % COMMITS_IN_A_ROW === 0
  }

  async look(merge: LeaseCell): Promise<void> {
    const seen = await merge.inspect()
    this.leader = this.leading.size > 0 || merge.available(seen) ? undefined : seen
  }

  /** To be told of it when this process leads: that is no reason to queue up. */
  async whileLeading(work: Promise<void>): Promise<void> {
    this.leading.add(work)
    try {
      await work
    } finally {
      this.leading.delete(work)
    }
  }

  /** Resolves when this process leads no more. */
  async led(): Promise<void> {
    await Promise.allSettled(this.leading)
  }

  take(): Version<LeaseRecord> | undefined {
    const { leader } = this
    this.leader = undefined
    return leader
  }
}
