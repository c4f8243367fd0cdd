// The public Namespace and Run: one-line methods that hand down to the layers below, and the parsing of their options.
// Only here do the layers meet (a namespace forks runs, a run is a namespace), which keeps them free of cycles.
import { LeaseLostError } from './errors.ts'
import { later } from './later.ts'
import type { Lease } from './lease/lease.ts'
import { LeaseCell } from './lease/leases.ts'
import { type LockInfo, listLocks } from './lease/list-locks.ts'
import { lockLease, parseSegment } from './names.ts'
import type { Committed, Signing } from './namespace/committer.ts'
import { type CompactionResult, type CompactOptions, compact } from './namespace/compact.ts'
import { raiseFence } from './namespace/fences.ts'
import type { CommitRecord, HeadState } from './namespace/head.ts'
import { leaseKey, leasePrefix } from './namespace/keys.ts'
import * as ns from './namespace/namespace.ts'
import { parsePolicy } from './namespace/policy.ts'
import type { Value } from './namespace/values.ts'
import {
  type FoldOptions,
  type ForkOptions,
  type LockOptions,
  parseFoldOptions,
  parseForkOptions,
  parseLockOptions,
  parseTimelineOptions,
  parseWriteOptions,
  type TimelineOptions,
  type WriteOptions,
} from './options.ts'
import { type Change, changesOf } from './run/changes.ts'
import { discardRun } from './run/discard.ts'
import { type FoldResult, foldRun } from './run/fold.ts'
import { forkRun } from './run/fork.ts'
import { listRuns, type RunInfo } from './run/list-runs.ts'
import { refreshRun } from './run/refresh.ts'
import { resumeRun } from './run/resume.ts'
import { type OpenRun, releaseRun, signingOf } from './run/run.ts'
import type { Timeline } from './run/timeline/timeline.ts'
import { Watch } from './run/watch/watch.ts'
import type { CopyOptions, WorkingCopy } from './sync/working-copy.ts'

/**
 * A lock that this process holds, as the function given to `lock` sees it: its `name`, its fencing `token`, and a `signal` that aborts
 * when it is lost.
 */
export type HeldLock = Pick<Lease, 'name' | 'token' | 'signal'>

/**
 * A named map from path to value, with one history of commits. Paths are relative, with forward
 * slashes, in NFC, and have at most 900 bytes of UTF-8. May be used by any number of calls and processes at once.
 *
 * All that asks the store throws as Store does, and CorruptObjectError, MissingObjectError and FormatVersionError for what something
 * else than this version of runlet has made of the store.
 */
export class Namespace {
  /** Its full name. */
  readonly name: string
  /** For the library's own layers. */
  protected readonly open: ns.OpenNamespace
  protected readonly author: string
  protected readonly signing: Signing

  /** @internal */
  constructor(open: ns.OpenNamespace, author: string, signing: Signing) {
    this.name = open.name
    this.open = open
    this.author = author
    this.signing = signing
  }

  /**
   * Writes one path. Resolves when it is durable (G1) and others see it. Puts made at the same time share a commit.
   * @param value bytes, text (stored as UTF-8), or a stream of either, which is uploaded in bounded memory
   * @returns the commit that it is in
   * @throws InvalidPathError, ConflictError (G4), NamespaceSealedError, LeaseLostError (G7), StaleWriteError, AbortedError
   */
  async put(path: string, value: Value, options?: WriteOptions): Promise<Committed> {
    return ns.put(this.open, { path, value }, this.#signed(options), options ?? {})
  }

  /**
   * The value of a path as of now, checked against its SHA-256; undefined when there is none. It is held in memory whole.
   * @throws InvalidPathError, ExternalObjectError
   */
  get(path: string): Promise<Uint8Array | undefined> {
    return ns.get(this.open, path)
  }

  /**
   * The value of a path in chunks of at most 8 MiB, in bounded memory; undefined when there is none. Its SHA-256 is
   * checked before the last chunk.
   * @throws InvalidPathError, ExternalObjectError
   */
  stream(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return ns.stream(this.open, path)
  }

  /** What `list` says of one path; undefined when there is none. @throws InvalidPathError */
  stat(path: string): Promise<ns.Entry | undefined> {
    return ns.stat(this.open, path)
  }

  /** Removes one path, as `put` writes it, with the same guarantees and errors. Removing what is not there is no error. */
  async delete(path: string, options?: WriteOptions): Promise<Committed> {
    return ns.remove(this.open, path, this.#signed(options), options ?? {})
  }

  /**
   * The paths that start with `prefix`, in the order of their UTF-8 bytes, as of the moment of the first step. Should it go on for so
   * long that a sweep removes what it still needs, the rest is as of then.
   */
  list(prefix = ''): AsyncIterable<ns.Entry> {
    return ns.list(this.open, prefix)
  }

  /**
   * Several puts and deletes as one: everybody sees all of them or none (G2). What `fill` reads through `tx.get` is what the
   * commit is made against: should somebody change one of the written paths meanwhile, it is a conflict (G4).
   * @returns the commit, once it is durable (G1); a `fill` that writes nothing commits nothing
   * @throws what `fill` throws, and then nothing is written; else as `put`
   */
  async commit(fill: (tx: ns.Transaction) => void | Promise<void>, options?: WriteOptions): Promise<Committed> {
    return ns.commitTransaction(this.open, fill, this.#signed(options), options ?? {})
  }

  /** The commits, newest first, back to the first one: a request for each 16 to 48 of them. */
  log(): AsyncIterable<CommitRecord> {
    return ns.log(this.open)
  }

  /**
   * Runs `fn` while holding a named lock across all machines (G6). Pass the lock to writes (`{ lock }`) and they are refused
   * once it was lost (G7).
   * @param name 1 to 64 of a-z, 0-9, '.', '_' and '-'
   * @returns what `fn` resolves to
   * @throws LockTimeoutError, LeaseLostError when the lock was lost while fn ran, AbortedError, InvalidNameError
   */
  async lock<T>(name: string, fn: (lock: HeldLock) => T | Promise<T>, options?: LockOptions): Promise<T> {
    const { ambient, store } = this.open
    const key = lockLease(parseSegment(name, 'lock'))
    const cell = new LeaseCell(store, leaseKey(this.open.name, key), key, ambient)
    const lease = await cell.acquire(parseLockOptions(options))
    try {
      if (lease.takenOver) await raiseFence(this.open, { name: key, token: lease.token })
      const value = await fn(lease)
      if (lease.signal.aborted) throw new LeaseLostError(name)
      return value
    } finally {
      await lease.release()
    }
  }

  /**
   * Forks a run: a child namespace that sees this one as it is now. At most 4 requests, whatever this namespace holds (G8). This process
   * owns it until it is folded, discarded or released, and renews its owner lease in the background.
   * @param runId 1 to 64 of a-z, 0-9, '.', '_' and '-'; the name of the run is `<this one's>/<runId>`
   * @throws RunInUseError when a run of this id is open, InvalidNameError, NamespaceSealedError, InvalidArgumentError
   */
  async fork(runId: string, options?: ForkOptions): Promise<Run> {
    const run = await forkRun(this.open, parseSegment(runId, 'run id'), parseForkOptions(options))
    return new Run(run, this, this.author, this.signing.fence)
  }

  /**
   * Takes over a run whose owner is gone, or has released it. What the owner before might still write is refused (G7).
   * @throws RunNotFoundError, RunInUseError when its owner is alive
   */
  async resume(runId: string, options?: ForkOptions): Promise<Run> {
    const run = await resumeRun(this.open, parseSegment(runId, 'run id'), parseForkOptions(options))
    return new Run(run, this, this.author, this.signing.fence)
  }

  /** The open runs of this namespace, oldest first; with `id`, only the run of that id: two requests for each, and a listing. */
  async runs(id?: string): Promise<RunInfo[]> {
    return listRuns(this.open, id === undefined ? undefined : parseSegment(id, 'run id'))
  }

  /** What this namespace, a run, changed since its fork, in path order. Of a namespace that is no run: all that it has. */
  changes(): AsyncIterable<Change> {
    return changesOf(this.open)
  }

  /** `open`, or how a run ended, as this process last saw it; undefined when it has not looked yet. Makes no request. */
  get state(): HeadState | undefined {
    return this.open.head.known?.value.state
  }

  /**
   * What became of its runs, and when, with its commits and its locks, from what lies in the store: a request for each run, and one for
   * each 16 to 48 commits.
   */
  async timeline(options?: TimelineOptions): Promise<Timeline> {
    const timelining = parseTimelineOptions(options)
    const { readTimeline } = await later.timeline()
    return readTimeline(this.open, timelining)
  }

  /** For looking at it again and again: each `look` asks for what may have changed, in a bounded number of requests. */
  watch(): Watch {
    return new Watch(this.open)
  }

  /** The leases of this namespace and their holders. */
  locks(): Promise<LockInfo[]> {
    return listLocks(this.open.store, leasePrefix(this.open.name), this.open.ambient)
  }

  /**
   * Opens a directory as a working copy of this namespace, or of the paths below `prefix`; it is made if it is not there. A copy
   * that is there keeps its prefix. `.runlet`, `.git` and `runlet.config.json` at its top are never synchronised. With `rebind`, a
   * copy of another namespace of this store, with the same prefix, becomes one of this: the next pull brings what differs, and
   * what was changed there and not pushed stays to be pushed. Asks the store nothing.
   * @throws CopyMismatchError when it is a copy of something else; with `rebind`, LockTimeoutError when another process has done
   *   the same and not disposed of it yet
   */
  async workingCopy(directory: string, options: CopyOptions = {}): Promise<WorkingCopy> {
    const { WorkingCopy } = await later.workingCopy()
    return WorkingCopy.open(this.open, this.signing, directory, options)
  }

  /**
   * Brings the index into its best shape, beside readers and writers: merges layers, and rewrites the shards for which enough has
   * come together. Writers do part of that in the background; nobody has to call it. Killed at any point it leaves everything as it
   * was, or done.
   * @throws LockTimeoutError when another compaction goes on for minutes, LeaseLostError, AbortedError
   */
  compact(options?: CompactOptions): Promise<CompactionResult> {
    return compact(this.open, options)
  }

  /** Cuts upkeep in the background short, and begins none any more: nothing is lost, the next process finds the same to do. */
  stopUpkeep(): void {
    this.open.background.closing.abort()
  }

  /** Resolves when nothing of this namespace is being written in the background. */
  idle(): Promise<void> {
    return this.open.committer.idle()
  }

  #signed(options: WriteOptions | undefined): Signing {
    if (!options) return this.signing
    const { onConflict, lock } = parseWriteOptions(options)
    if (onConflict === undefined && !lock) return this.signing
    const fence = lock ? { name: lock.name, token: lock.token } : this.signing.fence
    return { ...this.signing, rules: parsePolicy(onConflict), fence }
  }
}

/** A child namespace in use: everything that a namespace has, and its end. */
export class Run extends Namespace {
  /** The last segment of its name. */
  readonly id: string
  /** What it was forked from. */
  readonly parent: Namespace
  /** Aborts when the owner lease is lost (a long pause: somebody else may have resumed the run), or the given signal aborts. */
  readonly signal: AbortSignal
  readonly #run: OpenRun
  readonly #parentFence: Signing['fence']

  /** @internal */
  constructor(run: OpenRun, parent: Namespace, author: string, parentFence: Signing['fence']) {
    super(run.child, author, signingOf(run.name, author, run.lease?.token))
    this.id = run.id
    this.parent = parent
    this.signal = run.signal
    this.#run = run
    this.#parentFence = parentFence
  }

  /** The fencing token of the owner lease; 0 for a run that has ended. Lets a program that this process starts write as its part. */
  get token(): number {
    return this.#run.lease?.token ?? 0
  }

  /**
   * Folds the run into its parent: all of it or nothing (G2), once (G5). Folding it again changes nothing.
   * @throws ConflictError when parent and run changed the same paths and no policy settles them; then the run is kept, and
   *   `fold({ onConflict })` settles it. OpenChildrenError, NamespaceSealedError when it was discarded.
   */
  async fold(options: FoldOptions = {}): Promise<FoldResult> {
    const { onConflict, message } = parseFoldOptions(options)
    const rules = onConflict === undefined ? undefined : parsePolicy(onConflict)
    return foldRun(this.#run, { author: this.author, message, rules, fence: this.#parentFence })
  }

  /**
   * Discards the run: nothing of it comes into its parent, and what it had is deleted by a later sweep. Discarding it again is no error.
   * @throws NamespaceSealedError when it was folded, OpenChildrenError
   */
  discard(): Promise<void> {
    return discardRun(this.#run, this.author)
  }

  /** Gives the run up without ending it: anybody may resume it at once. */
  release(): Promise<void> {
    return releaseRun(this.#run)
  }

  /**
   * Moves the fork point to the parent's head as it is now; resolves to its seq.
   * It sees what the parent has by then, and its own changes on top.
   * @throws ConflictError when both sides changed the same paths; the run stays where it was. LeaseLostError
   */
  refresh(): Promise<number> {
    return refreshRun(this.#run, this.author)
  }
}
