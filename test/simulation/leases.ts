// What becomes of a lease: its token only grows, and nobody takes it from a holder that is alive (G6, G7). The owner lease of a run is
// the exception: who has won the head of the run's next life takes it by force.
import type { LeaseRecord } from '../../lib/lease/record.ts'
import { Violation } from './violation.ts'

/** Processes' clocks differ by so much of their rate at most, both ways; see plan.ts. */
const CLOCKS = 0.985

export class Leases {
  private readonly now: () => number
  private readonly seen = new Map<string, { record: LeaseRecord; at: number }>()

  constructor(now: () => number) {
    this.now = now
  }

  onPut(key: string, record: LeaseRecord): void {
    const before = this.seen.get(key)
    this.seen.set(key, { record, at: this.now() })
    if (!before || before.record.holder?.id === record.holder?.id) return
    const { token, holder, ttlMs } = before.record
    if (record.holder && record.token <= token)
      throw new Violation('G7', `${key} has token ${record.token} after ${token}`)
    const oldMs = this.now() - before.at
    if (record.holder && holder && oldMs < ttlMs * CLOCKS && !key.endsWith('/owner'))
      throw new Violation('G7', `${key} was taken from a holder that had renewed it ${Math.round(oldMs)} ms before`)
  }
}
