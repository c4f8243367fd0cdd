// What happens, published on node:diagnostics_channel, so that metrics and traces need no patching and the library logs nothing.
// A channel without subscribers costs a property read. Payloads are plain data; their shapes are part of the public surface.
// Each is published when the thing has ended, in the asynchronous scope of who asked for it; upkeep in the background, in the scope
// of what made it due. So a subscriber's AsyncLocalStorage tells whose it is, and it began `durationMs` ago.
import { channel } from 'node:diagnostics_channel'
import { RunletError } from './errors.ts'

/** How something ended: `ok`, or the code of the error (`ERR_UNKNOWN` when that is none of runlet's). */
export type EventOutcome = 'ok' | `ERR_${string}`

/** One request at the store, published when it has ended on `runlet:request`. An upload in parts is one, and so is a listing. */
export interface RequestEvent {
  /** The URL of the store. */
  readonly store: string
  /** What was asked. */
  readonly operation: 'get' | 'put' | 'delete' | 'list'
  /** Below the store's prefix; of a listing the prefix, of several objects that are deleted at once the first. */
  readonly key: string
  /** Of the body that was sent. */
  readonly bytesUp: number
  /** Of the body that was received; 0 for a listing. */
  readonly bytesDown: number
  /** From the call to its end, retries included. */
  readonly durationMs: number
  /** How it ended. A swap that was lost to another writer is `ERR_RUNLET_PRECONDITION_FAILED`: no fault, the protocols go on from there. */
  readonly outcome: EventOutcome
}

/** One commit that stands, published on `runlet:commit` by the process that swapped the head: its own, or one that waited for it. */
export interface CommitEvent {
  /** Its full name. */
  readonly namespace: string
  /** Its number in the history. */
  readonly seq: number
  /** The commit's. */
  readonly id: string
  /** Who made it. */
  readonly author: string
  /** How many paths it put or deleted. */
  readonly rows: number
  /** How many commits went in with the same swap. */
  readonly batchSize: number
  /** From taking it up, alone or with the others of its swap, to the swap that stood. */
  readonly durationMs: number
}

/** One fold, published on `runlet:fold` when it has ended, by the process that asked for it. */
export type FoldEvent = {
  /** The parent. */
  readonly namespace: string
  /** The full name of the run: `<parent>/<id>`. */
  readonly run: string
  /** Made for it by this process. */
  readonly requests: number
  /** From the call to its end. */
  readonly durationMs: number
} & (FoldStands | { readonly outcome: Exclude<EventOutcome, 'ok'> })

interface FoldStands {
  /** It stands. */
  readonly outcome: 'ok'
  /** The parent's commit that adopted the run. */
  readonly seq: number
  /** How many paths the run had put or deleted. */
  readonly rows: number
  /** From asking for the merge lease to holding it, or to being committed by who held it. */
  readonly waitedMs: number
  /** How long this process held the merge lease; 0 when another one committed the fold. */
  readonly heldMs: number
  /** How many commits went in with the same swap. */
  readonly batchSize: number
}

/** A step in the life of a lease, published on `runlet:lease`. */
export interface LeaseEvent {
  /** `merge`, `owner` (of a run), `compact`, `lock.<name>`, or of a working copy its turn (`working copy`) or claim. */
  readonly lease: string
  /** Where it lies: `ns/<namespace>/_/lease/<lease>`, or in a working copy's own folder. */
  readonly key: string
  /**
   * `taken-over`: acquired from a holder that had not released it. `waiting`: somebody has it, and it is asked for again in a moment.
   * `timed-out`: not to be had in the time given. `abandoned`: left to expire, because its run has ended or the store was away.
   */
  readonly what: 'waiting' | 'timed-out' | 'acquired' | 'taken-over' | 'renewed' | 'released' | 'abandoned' | 'lost'
  /** The fencing token; with `waiting` and `timed-out`, that of who has it. */
  readonly token: number
  /** Who has it, or wants it. */
  readonly label: string
  /** How long it was waited for, up to now or until it was acquired. */
  readonly waitedMs: number
  /** How long it has been held; 0 until it is acquired. */
  readonly heldMs: number
}

/** What is published on `node:diagnostics_channel`, by the name of the channel, for `subscribe` to be typed by. Durations are in milliseconds. */
export interface RunletEvents {
  /** Each request at the store. */
  'runlet:request': RequestEvent
  /** Each commit that stands. */
  'runlet:commit': CommitEvent
  /** Each fold that has ended. */
  'runlet:fold': FoldEvent
  /** Each step in the life of a lease. */
  'runlet:lease': LeaseEvent
}

const channels = {
  'runlet:request': channel('runlet:request'),
  'runlet:commit': channel('runlet:commit'),
  'runlet:fold': channel('runlet:fold'),
  'runlet:lease': channel('runlet:lease'),
}

/** Publishes one event; `make` runs only when somebody listens. */
export function publish<Name extends keyof RunletEvents>(name: Name, make: () => RunletEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(make())
}

/** The outcome of what failed with `error`. */
export function outcomeOf(error: unknown): Exclude<EventOutcome, 'ok'> {
  return error instanceof RunletError ? (error.code as `ERR_RUNLET_${string}`) : 'ERR_UNKNOWN'
}
