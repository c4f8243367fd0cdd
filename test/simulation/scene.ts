// What all parts of one simulation share: its plan, its clock, its bucket with the witness beside it, its history and its trace.
import { createHash } from 'node:crypto'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'
import { History } from './history.ts'
import type { Plan } from './plan.ts'
import { Random } from './random.ts'
import { Witness } from './witness.ts'

/** The root namespace. */
export const ROOT = 'p'

export class Scene {
  readonly plan: Plan
  readonly time = new VirtualTime()
  readonly random: Random
  readonly history = new History()
  readonly witness: Witness
  readonly store: MemoryStore
  /** Rejects with the first thing that is wrong. */
  readonly failed: Promise<never>
  /** The runs that were begun, by the id that each has below the root. */
  readonly runs: string[] = []
  /** What processes do that were started beside the others. */
  readonly beside: Promise<void>[] = []
  private fail: (why: unknown) => void = () => undefined
  private readonly hash = createHash('sha256')
  private readonly onTrace: ((line: string) => void) | undefined

  constructor(plan: Plan, onTrace?: (line: string) => void) {
    this.plan = plan
    this.random = new Random(plan.seed + 0x5eed)
    this.onTrace = onTrace
    this.failed = new Promise((_, reject) => {
      this.fail = reject
    })
    this.failed.catch(() => undefined) // told by whoever runs the simulation
    const onViolation = (why: unknown) => this.fail(why)
    const now = () => this.time.elapsed
    this.witness = new Witness({ history: this.history, now, graceMs: plan.graceMs, onViolation })
    // The store has one clock, whatever those of its users say.
    this.store = new MemoryStore({
      bucket: this.witness.bucket,
      ambient: this.time.ambient(),
      schedule: async () => 'pass',
    })
  }

  /** Notes what happens, in order: two runs of a seed are the same if they noted the same. */
  note(who: string, line: string): void {
    const said = `${this.time.elapsed.toFixed(3)} ${who} ${line}`
    this.hash.update(`${said}\n`)
    this.onTrace?.(said)
  }

  /** Ends the simulation. */
  violated(why: unknown): void {
    this.fail(why)
  }

  /** The hash of all that was noted. Ends the noting. */
  digest(): string {
    return this.hash.digest('hex')
  }
}
