// The options of the public calls: documented where they are declared, parsed before anything is written (G10).

import type { Ambient } from './ambient.ts'
import { InvalidArgumentError } from './errors.ts'
import { defaultLabel } from './identity.ts'
import type { WaitOptions } from './lease/leases.ts'
import { isLockLease, parseNamespaceName, parsePrefix } from './names.ts'
import type { ConflictPolicy } from './namespace/policy.ts'
import { parseRetention, type RetentionRule } from './run/retention/rules.ts'
import type { OnError, RunOptions } from './run/run.ts'
import type { Sweep } from './run/sweep/sweep.ts'
import type { TimelineOptions as Timelining } from './run/timeline/timeline.ts'
import * as z from './vendor/zod.ts'

/** How a store is opened. */
export interface OpenOptions {
  /** Signs commits. Default: user@host. At most 128 characters. */
  readonly author?: string | undefined
  /** What a relative `file:` path starts from. Default: the current folder. */
  readonly folder?: string | undefined
  /**
   * How long objects stay after nothing refers to them any more, in milliseconds, from 1000: readers may still hold an older head. Must
   * be the same for all who use the store. Default: 3,600,000 (an hour).
   */
  readonly graceMs?: number | undefined
  /** Clock and randomness, for simulation. Default: the real ones. */
  readonly ambient?: Ambient | undefined
}

/** How a write goes; of a put, a delete or a commit. */
export interface WriteOptions {
  /** Shown by `log`; at most 1,000 characters. A write with a message is a commit of its own. */
  readonly message?: string | undefined
  /** What happens to paths that somebody else changed meanwhile. Default: `error`, a ConflictError. */
  readonly onConflict?: ConflictPolicy | undefined
  /** The lock that must still be held for the write to happen. */
  readonly lock?: { readonly name: string; readonly token: number } | undefined
  /** Aborts before the write is handed to the store; what was handed over may stand. */
  readonly signal?: AbortSignal | undefined
}

/** How a lock is asked for, and held. */
export interface LockOptions {
  /** How long the lock outlives its holder, in milliseconds, from 1000. It is renewed at a third. Default: 30,000. */
  readonly ttlMs?: number | undefined
  /** How long to wait for it, in milliseconds; Infinity for ever. Default: 60,000. */
  readonly waitMs?: number | undefined
  /** Who holds it, for people; at most 128 characters. Default: the program's name. */
  readonly label?: string | undefined
  /** Ends the wait with an AbortedError. */
  readonly signal?: AbortSignal | undefined
}

/** How a run is forked, owned and ended. */
export interface ForkOptions {
  /** What happens at the fold to paths that both sides changed. Default: `error`, a ConflictError. */
  readonly onConflict?: ConflictPolicy | undefined
  /** What becomes of the run when its function throws or its owner dies. Default: `keep`. */
  readonly onError?: OnError | undefined
  /** How long the run is out of reach of others after its owner died, in milliseconds, from 1000. Default: 60,000. */
  readonly ttlMs?: number | undefined
  /**
   * For a run that outlives its processes, like that of a worktree: how long sweeps keep it at least after the last sign of life, in
   * milliseconds, also when its owner died and whatever their own `keepMs`; then it is folded if `onError` says so, else discarded.
   * Default: it is treated as soon as its owner is dead.
   */
  readonly keepMs?: number | undefined
  /** Who owns it, for people; at most 128 characters. Default: the program's name. */
  readonly label?: string | undefined
  /** Aborts the run's own signal. */
  readonly signal?: AbortSignal | undefined
}

/** A working copy of a run, for as long as its function runs. */
export interface RunCopyOptions {
  /** Made if it is not there. One that was the copy of another run is used again: only what differs is fetched. */
  readonly directory: string
  /** Only the paths that start with it. Default: all, or what the copy had. */
  readonly prefix?: string | undefined
  /** How often what changed is pushed while the function runs, in milliseconds, 1000 to 3,600,000. Default: only at the end. */
  readonly syncMs?: number | undefined
  /** Told when such a push failed; it is tried again. The one at the end, which decides, is not told of here. */
  readonly onFailedSync?: ((error: unknown) => void) | undefined
}

/** What a sweep does. */
export interface SweepOptions {
  /** Says what it would do, and changes nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Only this namespace and its runs. Default: all of the store. */
  readonly namespace?: string | undefined
  /**
   * What need not be kept of the namespaces that are no runs; see RetentionRule. Default: nothing of anybody's data, and runlet's own
   * logs for 30 days.
   */
  readonly retention?: readonly RetentionRule[] | undefined
  /** How long a run without an owner is kept whose fork chose `keep`, in milliseconds. Default: 14 days. */
  readonly keepMs?: number | undefined
  /** Ends it; what it has reached stands. */
  readonly signal?: AbortSignal | undefined
  /** Told of each namespace when it begins with it. */
  readonly onProgress?: ((namespace: string) => void) | undefined
}

/** How a fold goes. */
export interface FoldOptions {
  /** In place of the policies given at the fork. */
  readonly onConflict?: ConflictPolicy | undefined
  /** Shown by `log`. At most 1,000 characters. */
  readonly message?: string | undefined
}

/** How much of a timeline is read. */
export interface TimelineOptions {
  /** How many runs at most: the open ones, then the newest folds, then others. Default: 1,000. */
  readonly runs?: number | undefined
  /** Told of how many commits were read, of at most `total`, and then of how many runs. */
  readonly onProgress?: ((done: number, total: number, unit: 'commits' | 'runs') => void) | undefined
}

/** Shorter leases would be lost to an ordinary pause; the store's clock has whole seconds. */
const ttlSchema = z.number().min(1000).max(86_400_000)
const labelSchema = z.string().min(1).max(128)
const signalSchema = z.instanceof(AbortSignal)
const messageSchema = z.string().max(1000)

const openSchema = z.strictObject({
  author: z.string().min(1).max(128).optional(),
  folder: z.string().optional(),
  graceMs: z
    .number()
    .min(1000)
    .max(30 * 86_400_000)
    .optional(),
  ambient: z.custom<Ambient>().optional(),
})

const DAY_MS = 86_400_000

const sweepSchema = z.strictObject({
  dryRun: z.boolean().default(false),
  namespace: z.string().optional(),
  retention: z.custom<readonly RetentionRule[]>(Array.isArray, 'is no list of rules').default([]),
  keepMs: z
    .number()
    .nonnegative()
    .default(14 * DAY_MS),
  signal: signalSchema.optional(),
  onProgress: z.custom<(namespace: string) => void>(given => typeof given === 'function', 'is no function').optional(),
})

const foldSchema = z.strictObject({ onConflict: z.unknown().optional(), message: messageSchema.optional() })

const forkSchema = z.strictObject({
  onConflict: z.unknown().optional(),
  onError: z.enum(['keep', 'discard', 'fold']).optional(),
  ttlMs: ttlSchema.optional(),
  keepMs: z
    .number()
    .positive()
    .max(3650 * DAY_MS)
    .optional(),
  label: labelSchema.optional(),
  signal: signalSchema.optional(),
})

const runCopySchema = z.strictObject({
  copy: z.strictObject({
    directory: z.string().min(1),
    prefix: z.string().optional(),
    syncMs: z.number().min(1000).max(3_600_000).optional(),
    onFailedSync: z.custom<(error: unknown) => void>(given => typeof given === 'function', 'is no function').optional(),
  }),
})

const timelineSchema = z.strictObject({
  runs: z.number().int().positive().max(100_000).default(1000),
  onProgress: z
    .custom<(done: number, total: number) => void>(given => typeof given === 'function', 'is no function')
    .optional(),
})

const lockSchema = z.strictObject({
  ttlMs: ttlSchema.optional(),
  waitMs: z.union([z.number().nonnegative(), z.literal(Number.POSITIVE_INFINITY)]).optional(),
  label: labelSchema.optional(),
  signal: signalSchema.optional(),
})

const writeSchema = z.strictObject({
  onConflict: z.unknown().optional(),
  message: messageSchema.optional(),
  lock: z
    .object({
      name: z.string().refine(isLockLease, 'is no lock that namespace.lock gave'),
      token: z.number().int().positive(),
    })
    .optional(),
  signal: signalSchema.optional(),
})

export function parseOpenOptions(options: OpenOptions): OpenOptions {
  return parse(openSchema, options)
}

export function parseFoldOptions(options: FoldOptions): FoldOptions {
  return { ...parse(foldSchema, options), onConflict: options.onConflict }
}

export function parseSweepOptions(options: SweepOptions = {}): Omit<Sweep, 'author'> {
  const { namespace, ...rest } = parse(sweepSchema, options)
  parseRetention(rest.retention)
  return { ...rest, namespace: namespace === undefined ? undefined : parseNamespaceName(namespace) }
}

export function parseTimelineOptions(options: TimelineOptions = {}): Timelining {
  return parse(timelineSchema, options)
}

export function parseForkOptions(options: ForkOptions = {}): RunOptions {
  const { onError = 'keep', ttlMs = 60_000, keepMs, label = defaultLabel(), signal } = parse(forkSchema, options)
  return { onError, ttlMs, keepMs, label, signal, onConflict: options.onConflict }
}

export function parseRunCopyOptions(options: RunCopyOptions): RunCopyOptions {
  const { copy } = parse(runCopySchema, { copy: options })
  parsePrefix(copy.prefix ?? '')
  return copy
}

export function parseLockOptions(options: LockOptions = {}): WaitOptions {
  const { ttlMs = 30_000, waitMs = 60_000, label = defaultLabel(), signal } = parse(lockSchema, options)
  return { ttlMs, waitMs, label, signal }
}

export function parseWriteOptions(options: WriteOptions): WriteOptions {
  return { ...parse(writeSchema, options), onConflict: options.onConflict }
}

function parse<T>(schema: z.ZodType<T>, options: unknown): T {
  const parsed = schema.safeParse(options)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const name = issue?.path.join('.') || 'options'
  throw new InvalidArgumentError(name, issue?.message ?? 'is malformed', 'See the documentation of this option.')
}
