// A working copy: a local directory kept in step with a namespace, or a prefix of it. The entry of this folder. Pull brings what the
// namespace changed, push commits what the directory changed, each moving only that. Neither overwrites the other side's work (G4): a path
// that both changed is a conflict, kept as it lies in the directory until it is settled. A crash at any point leaves a copy that the next
// pull or push completes: files appear whole, and the head that was reached is written last.
//
//   pull  ->  diff-views (compare-trees, find-all)  ->  room (collisions, obstacles)  ->  apply (decide, local-files)
//   push  ->  scan (stat)  ->  upload, commit; in two halves, or of a copy that holds a part: prepared (reached)
//   all of them  ->  turn (recover)  ->  copy-state (entry)
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Lease } from '../lease/lease.ts'
import { LeaseCell } from '../lease/leases.ts'
import { compareBytes, type Path, parsePath, parsePrefix } from '../names.ts'
import type { Signing } from '../namespace/committer.ts'
import type { OpenNamespace } from '../namespace/namespace.ts'
import { openFileStore } from '../store/file/file-store.ts'
import { CopyState } from './copy-state.ts'
import { isOurs, STATE_FOLDER } from './ours.ts'
import { type PreparedPush, parsePrepared, prepare, publish } from './prepared.ts'
import { type CopyProgress, fetch, type PullOptions, type PullResult, pull } from './pull.ts'
import { type PushOptions, type PushResult, push, type SyncOptions } from './push.ts'
import { type LocalChange, scanAll } from './scan.ts'
import { settle } from './settle.ts'
import { type Copy, headerOf, inTurn, rebind, type Turn } from './turn.ts'

export type { CopyProgress, PreparedPush, PullOptions, PullResult, PushOptions, PushResult, SyncOptions }

/** What a push would do. Paths are those of the namespace, in order. */
export interface CopyStatus {
  /** The commit that the directory is in step with; undefined before the first pull. */
  readonly seq: number | undefined
  /** Files that the namespace has not. */
  readonly added: readonly string[]
  /** Files that differ from what was pulled. */
  readonly modified: readonly string[]
  /** Files that are gone. */
  readonly deleted: readonly string[]
  /** Paths that both sides changed, until `settle` or a further edit decides. */
  readonly conflicts: readonly string[]
}

/** What a working copy holds. */
export interface CopyOptions {
  /** Only the paths that start with it. Default: all, or what the copy had. */
  readonly prefix?: string | undefined
  /**
   * Take over a directory that is a copy of another namespace of this store, and let nobody else do so until `dispose`. Default: it
   * is refused.
   */
  readonly rebind?: boolean | undefined
  /**
   * Paths for which it is true are not synchronised, in either direction: neither removed here when the namespace has none, nor taken for
   * removed there. It is asked for folders too, and what lies in such a folder must be one as well. Default: none, beside runlet's own.
   */
  readonly exclude?: ((path: string) => boolean) | undefined
  /**
   * Files that are made anew from others, so that nothing is lost when one is overwritten: where both sides changed such a file there is no
   * conflict, and the directory's stands. Default: none.
   */
  readonly derived?: ((path: string) => boolean) | undefined
}

/** Waited for as long as a dead one may be in the way. */
const CLAIM = { ttlMs: 20_000, waitMs: 25_000 }

/**
 * A local directory that is kept in step with a namespace, or with its paths below a prefix. Neither side's work is overwritten by the
 * other's (G4): a path that both changed is a conflict until it is settled. A crash at any point leaves a copy that the next pull or push
 * completes. Several processes may use one copy: they take turns.
 *
 * All that reads or writes files throws LocalFileError, LinkInCopyError and, for what cannot stand on this file system,
 * PathCollisionError before anything is written.
 */
export class WorkingCopy {
  /** Its absolute path. */
  readonly directory: string
  /** What the paths of the namespace that it holds start with; empty: all. */
  readonly prefix: string
  readonly #copy: Copy
  readonly #close: () => Promise<void>
  #hints = new Set<Path>()

  private constructor(copy: Copy, close: () => Promise<void>) {
    this.directory = copy.directory
    this.prefix = copy.prefix
    this.#copy = copy
    this.#close = close
  }

  /**
   * See `Namespace.workingCopy`.
   * @internal
   */
  static async open(
    namespace: OpenNamespace,
    signing: Signing,
    folder: string,
    options: CopyOptions,
  ): Promise<WorkingCopy> {
    const directory = resolve(folder)
    const state = new CopyState(directory, namespace.ambient)
    const found = await state.header()
    const prefix = parsePrefix(options.prefix ?? found?.prefix ?? '')
    await mkdir(join(directory, STATE_FOLDER, 'copy'), { recursive: true })
    const store = await openFileStore(join(directory, STATE_FOLDER, 'copy', 'turn'), { ambient: namespace.ambient })
    const turns = new LeaseCell(store, 'turn', 'working copy', namespace.ambient)
    const { exclude, derived = () => false } = options
    const includes = (path: string) => isOurs(path) && !exclude?.(path)
    const copy = { namespace, signing, directory, prefix, includes, derived, turns }
    let claim: Lease | undefined
    const close = async () => {
      await claim?.release()
      await store.close()
    }
    try {
      if (options.rebind) {
        const claims = new LeaseCell(store, 'claim', `working copy ${directory}`, namespace.ambient)
        claim = await claims.acquire({ ...CLAIM, label: namespace.name })
        await rebind(copy)
      }
      await headerOf(copy, state)
    } catch (error) {
      await close()
      throw error
    }
    return new WorkingCopy(copy, close)
  }

  /**
   * Names a path (a file, or a folder with all below it) as changed: the next push of this object looks only at what was named.
   * @throws InvalidPathError
   */
  markDirty(path: string): void {
    this.#hints.add(parsePath(path))
  }

  /** Lets others have the directory again; makes no request. */
  async dispose(): Promise<void> {
    await this.#close()
  }

  /**
   * Brings what the namespace changed. One conditional request when it changed nothing.
   * @returns what was brought, and the paths that are in conflict: a conflict throws nothing
   * @throws NamespaceNotFoundError, StoreError, AbortedError; PathCollisionError, LinkInCopyError, LocalFileError
   */
  pull(options: PullOptions = {}): Promise<PullResult> {
    return inTurn(this.#copy, turn => pull(turn, options), options.signal)
  }

  /**
   * Brings one file that is not there, if the namespace has it. What is there stays as it is.
   * @param path in the namespace, with the copy's prefix
   * @param options a signal that ends it
   * @returns whether it is there now
   * @throws InvalidPathError, LocalFileError, LinkInCopyError, PathCollisionError, AbortedError
   */
  fetch(path: string, { signal }: Pick<PullOptions, 'signal'> = {}): Promise<boolean> {
    const parsed = parsePath(path)
    return inTurn(this.#copy, async turn => turn.includes(path) && fetch(turn, parsed), signal)
  }

  /**
   * Commits what the directory changed, in one commit (G2): what was named by markDirty, else all that a scan finds. Resolves when it is
   * durable; with nothing to push, `seq` is undefined.
   * @throws ConflictError naming paths that the namespace changed too; the directory keeps its own, and a pull lists them.
   */
  push(options: PushOptions = {}): Promise<PushResult> {
    const given = options.paths && new Set(options.paths.map(parsePath))
    const work = async (turn: Turn, hints: ReadonlySet<Path> | undefined) =>
      options.narrow ? publish(turn, await prepare(turn, hints, options), options) : push(turn, hints, options)
    return inTurn(
      this.#copy,
      async turn => {
        if (given) return work(turn, given)
        const hints = this.#hints
        this.#hints = new Set()
        try {
          return await work(turn, hints.size > 0 ? hints : undefined)
        } catch (error) {
          for (const hint of hints) this.#hints.add(hint)
          throw error
        }
      },
      options.signal,
    )
  }

  /**
   * The first half of a push: stores what the directory changed, and publishes nothing. What results is plain JSON, for `publish`; should
   * it be dropped, nothing has happened, and what was named by markDirty stays named.
   */
  prepare(options: Omit<PushOptions, 'narrow'> = {}): Promise<PreparedPush> {
    const given = options.paths && new Set(options.paths.map(parsePath))
    const named = () => (this.#hints.size > 0 ? new Set(this.#hints) : undefined)
    return inTurn(this.#copy, turn => prepare(turn, given ?? named(), options), options.signal)
  }

  /**
   * The second half: commits what was prepared, in one commit, as a narrow push does. Published again, it changes nothing.
   * @throws ConflictError naming paths that were changed by somebody else, or here and pushed, since it was prepared;
   *   StaleWriteError when that was so long ago that it must be prepared again
   */
  publish(prepared: PreparedPush, options: SyncOptions = {}): Promise<PushResult> {
    const parsed = parsePrepared(this.#copy, prepared)
    return inTurn(this.#copy, turn => publish(turn, parsed, options), options.signal)
  }

  /** What a push would do, by a scan; asks the store nothing. @throws LocalFileError, LinkInCopyError, AbortedError */
  status(options: SyncOptions = {}): Promise<CopyStatus> {
    return inTurn(
      this.#copy,
      async turn => {
        const header = await headerOf(turn, turn.state)
        const changes = await scanAll(turn, seen => options.onProgress?.('scan', seen))
        await turn.state.flush() // stats that moved without the content
        const pathsOf = (wanted: (change: LocalChange) => boolean) =>
          changes
            .filter(wanted)
            .map(change => change.path as string)
            .sort(compareBytes)
        return {
          seq: header.head?.seq,
          added: pathsOf(({ base, local }) => !base && local !== undefined),
          modified: pathsOf(({ base, local }) => base !== undefined && local !== undefined),
          deleted: pathsOf(({ base, local }) => base !== undefined && !local),
          conflicts: [...header.conflicts.keys()].sort(compareBytes),
        }
      },
      options.signal,
    )
  }

  /**
   * Settles conflicts, all or those at and below the paths: `ours` keeps what the directory has, for the next push; `theirs` takes what the
   * namespace has.
   * @returns what was written and removed here, and what is still in conflict
   * @throws InvalidArgumentError when a path is in no conflict; PathCollisionError when `theirs` cannot stand beside what is here
   */
  settle(side: 'ours' | 'theirs', paths?: readonly string[]): Promise<PullResult> {
    return inTurn(this.#copy, turn => settle(turn, side, paths))
  }
}
