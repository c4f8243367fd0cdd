// What a report's page is made of: plain data that is embedded in it. Pure. Times are milliseconds since 1970.
import { describeHolder } from '../../lease/record.ts'
import { lastSegment } from '../../names.ts'
import type { RunFate, RunStory } from '../../run/timeline/story.ts'
import type { Timeline } from '../../run/timeline/timeline.ts'

export type PageRun = RunStory

export interface PageCommit {
  readonly seq: number
  readonly at: number
  readonly rows: number
  readonly author: string
  readonly message?: string
  /** Of a fold: the run's id. */
  readonly run?: string
}

export interface PageHolding {
  readonly label: string
  readonly at: number
  readonly waitedMs: number
  /** Undefined: still held, or never given back. */
  readonly heldMs?: number | undefined
  /** Of one that was never given back: when its holder last renewed it. */
  readonly lastSeenAt?: number | undefined
  readonly state: 'held' | 'released' | 'expired'
}

interface PageLock {
  readonly name: string
  /** Newest first. */
  readonly holdings: readonly PageHolding[]
}

export interface PageData {
  readonly namespace: string
  readonly at: number
  readonly unread: number
  readonly runs: readonly PageRun[]
  readonly commits: readonly PageCommit[]
  readonly locks: readonly PageLock[]
}

export type { RunFate }

export function pageData({ namespace, at, unread, runs, commits, locks }: Timeline): PageData {
  return {
    namespace,
    at,
    unread,
    runs,
    commits: commits.map(commitOf),
    locks: locks.map(lockOf).filter(({ holdings }) => holdings.length > 0),
  }
}

function commitOf({ seq, at, rows, author, message, origin }: Timeline['commits'][number]): PageCommit {
  // Ending a sealed run without its changes leaves a record, too, but is no fold.
  const run = origin && !origin.discarded ? lastSegment(origin.run) : undefined
  return { seq, at, rows, author, ...(message !== undefined && { message }), ...(run !== undefined && { run }) }
}

function lockOf({ name, holder, expired, acquiredAt, waitedMs, held }: Timeline['locks'][number]): PageLock {
  const before = held.map((holding): PageHolding => {
    return { ...holding, state: holding.heldMs === undefined ? 'expired' : 'released' }
  })
  const state = expired ? 'expired' : 'held'
  const now = { label: describeHolder(holder), at: acquiredAt.getTime(), waitedMs, state } as const
  return { name, holdings: holder ? [now, ...before] : before }
}
