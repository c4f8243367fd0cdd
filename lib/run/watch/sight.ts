// What one look at a namespace saw: plain data.
import type { LockInfo } from '../../lease/list-locks.ts'
import type { RunInfo } from '../list-runs.ts'

export interface Sight {
  readonly namespace: string
  /** When, by this machine's clock. */
  readonly at: number
  readonly seq: number
  /** What came in since the look before; undefined at the first one. Of more than 128 commits, folds are told from the newest. */
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
  readonly state: RunInfo['state'] | undefined
  readonly startedAt: number
}

export interface QueuedChange {
  readonly id: string
  /** When it came into the queue, by the store's clock. */
  readonly since: number
  /** Of a fold: the run. Undefined for direct commits, and for what was not read. */
  readonly run: string | undefined
  readonly author: string | undefined
}
