// What the files of this folder share: one sweep under way.
import type { Ambient } from '../../ambient.ts'
import { AbortedError, RunletError } from '../../errors.ts'
import type { NamespaceName } from '../../names.ts'
import { DEFAULT_BOUNDS } from '../../namespace/index-store.ts'
import { type OpenNamespace, openNamespace } from '../../namespace/namespace.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Pinned } from '../pin.ts'
import type { RetentionRule } from '../retention/rules.ts'
import type { Tally } from './report.ts'

/** Who walks over everything once wants little of it kept in memory. */
const CACHE_BYTES = 1024 * 1024

/** Each is a row of requests, one after the other; together they are no more than a fast writer makes. */
export const RUNS_AT_ONCE = 8

export const openToSweep = (store: ObjectStore, name: NamespaceName, ambient: Ambient): OpenNamespace =>
  openNamespace(store, name, ambient, DEFAULT_BOUNDS, CACHE_BYTES)

export interface Sweeping {
  readonly tally: Tally
  readonly author: string
  /** Says what it would do, and changes nothing. */
  readonly dryRun: boolean
  /** How long a run without an owner is kept whose fork chose that, in milliseconds. */
  readonly keepMs: number
  /** What of the namespaces that are no runs need not be kept, beside runlet's own logs. */
  readonly retention: readonly RetentionRule[]
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((namespace: string) => void) | undefined
}

/** A run as its pins tell of it. */
export interface PinnedRun {
  readonly parent: OpenNamespace
  readonly child: OpenNamespace
  /** Its pins, and the signs of folds beside them. */
  readonly forks: readonly Pinned[]
  readonly signs: readonly Pinned[]
  /** By the store's clock. */
  readonly now: number
}

export function noteGone(pins: readonly Pinned[], { tally }: Sweeping): void {
  for (const { key, bytes } of pins) {
    if (tally.pins.has(key)) continue
    tally.pins.add(key)
    tally.remove('forks', bytes)
  }
}

export function assertGoesOn({ signal }: Sweeping): void {
  if (signal?.aborted) throw new AbortedError('the sweep', signal.reason)
}

/** What goes wrong with one thing is told, and does not stop the others. */
export async function orTell(name: string, sweeping: Sweeping, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof RunletError) || sweeping.signal?.aborted) throw error
    sweeping.tally.problem(name, error)
  }
}

/** The most keys that one request deletes. */
const MAX_KEYS = 1000

export async function deleteKeys(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += MAX_KEYS) await store.delete(keys.slice(at, at + MAX_KEYS))
}

/**
 * Swaps the head, so that whoever read it before has to look again: from now on nobody can begin to refer to what it does not refer to
 * and is old enough to be deleted (store/grace.ts). Done before anything is looked for, and before the forks are listed.
 */
export async function raiseSweeps(context: OpenNamespace): Promise<void> {
  await context.head.update(({ write: _, ...head }) => ({ ...head, sweeps: head.sweeps + 1 }))
}
