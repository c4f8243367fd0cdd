// What the processes of the index benchmark say to one another: questions to the server, jobs for the measured processes.
import type { ComparisonJob } from '../comparison/jobs.ts'
import type { SwampJob } from '../swamp/jobs.ts'
import type { SweepJob } from '../sweep/jobs.ts'
import type { Base, Shards } from './build.ts'

/** Every request takes so long at least: background work overlaps with what comes next, as it does on a network. */
export const LATENCY_MS = 5

/** The network that the server pretends to be behind. */
export interface Network {
  readonly latencyMs: number
  /** Of each request; undefined: no limit. */
  readonly bytesPerSecond?: number | undefined
}

export type Question =
  | { readonly kind: 'url' }
  /** Forgets what it saw. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'requests' }
  | { readonly kind: 'stored'; readonly prefix: string }
  /** Puts its clock forward. */
  | { readonly kind: 'advance'; readonly ms: number }

export interface SeenRequest {
  /** In milliseconds since the first one. */
  readonly at: number
  readonly operation: string
  readonly key: string
  readonly status: number
  readonly bytesUp: number
  readonly bytesDown: number
}

export interface Stored {
  readonly objects: number
  readonly bytes: number
}

export type Job = { readonly url: string } & (
  | ({ readonly kind: 'build part'; readonly models: readonly number[] } & Base)
  | ({ readonly kind: 'build head'; readonly shards: Shards } & Base)
  | { readonly kind: 'history'; readonly namespace: string; readonly rows: number }
  /** Puts one KiB to each path, one after the other, each metered. */
  | { readonly kind: 'put'; readonly namespace: string; readonly paths: readonly string[] }
  /** Goes on putting until told to stop; each put is metered. */
  | { readonly kind: 'keep putting'; readonly namespace: string; readonly below: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'fork'; readonly namespace: string; readonly id: string }
  /** Leaves a run ready to be folded. */
  | { readonly kind: 'fill run'; readonly namespace: string; readonly id: string; readonly paths: readonly string[] }
  | { readonly kind: 'fold' }
  | { readonly kind: 'pull'; readonly namespace: string; readonly directory: string; readonly prefix: string }
  /** Reads paths whose value is known (data.ts), and checks it. */
  | { readonly kind: 'get'; readonly namespace: string; readonly path: string }
  | { readonly kind: 'list'; readonly namespace: string; readonly prefix: string }
  | { readonly kind: 'compact'; readonly namespace: string }
  /** As tools do it today: the index of a model, or the whole one. */
  | { readonly kind: 'prepare locked index'; readonly rows: number; readonly model: number | undefined }
  | { readonly kind: 'locked put'; readonly model: number | undefined; readonly path: string }
  | ComparisonJob
  | SweepJob
  | SwampJob
)

export interface Cost {
  requests: number
  bytesUp: number
  bytesDown: number
}

export interface Answer {
  /** What each piece of work made and waited for itself, by the library's meter: upkeep in the background is not in it. */
  readonly own: readonly Cost[]
  /** How long the slowest of them took. */
  readonly slowestMs: number
  /** How long it held the lock that others waited for, where that is asked for. */
  readonly heldMs: number
  /** What the job is about: rows listed, files written. */
  readonly count: number
  /** Of a part that was built. */
  readonly shards: Shards
  /** What a sweep deleted. */
  readonly removed: Stored | undefined
  readonly failure: string | undefined
  readonly peakBytes: number
}

/** A worker's answer to being told to end: its peak memory, upkeep included. */
export interface Ended {
  readonly peakBytes: number
}
