// What a sweep did, or would do.
import type { RetentionReport } from '../retention/tally.ts'

/** What a sweep did about one run. */
export interface SweptRun {
  /** The run's full name. */
  readonly name: string
  /** What it was found as. `forking`: a fork that was cut short. `ended`: what a fold or discard that was cut short had left. */
  readonly was: 'open' | 'sealed' | 'forking' | 'ended'
  /** What became of it. `removed`: what was left of it. */
  readonly done: 'folded' | 'discarded' | 'kept' | 'removed'
  /** Why it could not be treated as its fork had chosen. */
  readonly problem?: string
}

/** A change that waited in a queue, most likely of a process that died. */
export interface SweptChange {
  /** In whose queue it was. */
  readonly namespace: string
  /** The commit's id. */
  readonly id: string
  /** Who made it. */
  readonly author: string
  /** `waiting`: the sweep will decide it (a dry run), or could not. */
  readonly done: 'committed' | 'refused' | 'waiting'
}

/** How many objects, and their bytes. */
export interface Amount {
  /** How many. */
  objects: number
  /** Of all of them. */
  bytes: number
}

/** What could not be swept, and why. */
export interface Problem {
  /** The namespace or run that it is about. */
  readonly what: string
  /** That of the error. */
  readonly code: string
  /** For people. */
  readonly message: string
}

/** What a sweep did; with `dryRun`, what it would do. */
export interface SweepReport {
  /** Whether nothing was changed. */
  readonly dryRun: boolean
  /** Runs without an owner. */
  readonly runs: readonly SweptRun[]
  /** What waited in queues for somebody to commit it, and nobody did. */
  readonly changes: readonly SweptChange[]
  /** What retention rules let go, by rule and namespace; its values go with a later sweep. */
  readonly retention: readonly RetentionReport[]
  /** What was deleted, in all and by kind: `values`, `packs`, `index`, `history` and others. */
  readonly removed: Readonly<Amount> & { readonly byKind: Readonly<Record<string, Readonly<Amount>>> }
  /** What nothing refers to any more, and stays until its grace period is over or an open run that reaches it has ended. */
  readonly waiting: Readonly<Amount>
  /** One broken namespace does not keep the others from being swept. */
  readonly problems: readonly Problem[]
}

/** Collects the report. */
export class Tally {
  readonly runs: SweptRun[] = []
  readonly changes: SweptChange[] = []
  /** The keys of pins that were removed, or would be. */
  readonly pins = new Set<string>()
  readonly retention: RetentionReport[] = []
  readonly removed: Record<string, Amount> = {}
  readonly waiting: Amount = { objects: 0, bytes: 0 }
  readonly problems: Problem[] = []
  /** The latest that was heard of the store's clock. */
  now: number | undefined

  remove(kind: string, bytes: number): void {
    this.removed[kind] ??= { objects: 0, bytes: 0 }
    const amount = this.removed[kind] as Amount
    amount.objects += 1
    amount.bytes += bytes
  }

  wait(objects: number, bytes: number): void {
    this.waiting.objects += objects
    this.waiting.bytes += bytes
  }

  problem(what: string, error: { code: string; message: string }): void {
    this.problems.push({ what, code: error.code, message: error.message })
  }

  report(dryRun: boolean): SweepReport {
    const { runs, changes, retention, removed: byKind, waiting, problems } = this
    const removed = { objects: 0, bytes: 0 }
    for (const { objects, bytes } of Object.values(byKind)) {
      removed.objects += objects
      removed.bytes += bytes
    }
    return { dryRun, runs, changes, retention, removed: { ...removed, byKind }, waiting, problems }
  }
}
