// What one look at a namespace saw: plain data.
import type { LockInfo } from '../../lease/list-locks.ts'
import type { RunInfo } from '../list-runs.ts'

/** What one look at a namespace saw. Times are milliseconds since 1970. */
export interface Sight {
  /** Its name. */
  readonly namespace: string
  /** When, by this machine's clock. */
  readonly at: number
  /** Its newest commit. */
  readonly seq: number
  /** What came in since the look before, `ms` milliseconds ago; undefined at the first one. Of more than 128 commits, folds are told from the newest. */
  readonly since: { readonly ms: number; readonly commits: number; readonly folds: number } | undefined
  /** The open runs, oldest first. */
  readonly runs: readonly RunGlance[]
  /** The leases of the namespace, in order of their names. */
  readonly locks: readonly LockInfo[]
  /** Commits that wait to be combined, oldest first: most of them folds. */
  readonly queue: readonly QueuedChange[]
  /** What this look cost. */
  readonly requests: number
}

/** An open run. All but its id and age is of the last look that had time for it: `state` is undefined before the first. */
export interface RunGlance extends Pick<RunInfo, 'id' | 'label' | 'commits' | 'owner' | 'ownerExpired'> {
  /** As `runs` has it. */
  readonly state: RunInfo['state'] | undefined
  /** When it was forked. */
  readonly startedAt: number
}

/** A commit that waits for who holds the merge lease. */
export interface QueuedChange {
  /** That of the commit. */
  readonly id: string
  /** When it came into the queue, by the store's clock. */
  readonly since: number
  /** Of a fold: the run. Undefined for direct commits, and for what was not read. */
  readonly run: string | undefined
  /** Who made it; undefined for what was not read. */
  readonly author: string | undefined
}
