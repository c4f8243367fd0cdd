// A working copy: a local directory kept in step with a namespace, or a prefix of it. Pull brings what the namespace changed, push
// commits what the directory changed, each moving only that. Neither overwrites the other side's work (G4): a path that both
// changed is a conflict, kept as it lies in the directory until it is settled. A crash at any point leaves a copy that the next
// pull or push completes: files appear whole, and the head that was reached is written last.
//
//   pull  ->  diff-heads (find-all)  ->  collisions, obstacles  ->  apply (decide, local-files)
//   push  ->  scan (stat)  ->  upload, commit
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
import { STATE_FOLDER } from './ours.ts'
import { type CopyProgress, type PullResult, pull, settle } from './pull.ts'
import { type PushResult, push, type SyncOptions } from './push.ts'
import { type LocalChange, scanAll } from './scan.ts'
import { type Copy, headerOf, inTurn, rebind } from './turn.ts'

export type { CopyProgress, PullResult, PushResult, SyncOptions }

export interface CopyStatus {
  readonly seq: number | undefined
  readonly added: readonly string[]
  readonly modified: readonly string[]
  readonly deleted: readonly string[]
  readonly conflicts: readonly string[]
}

export interface CopyOptions {
  /** Only the paths that start with it. Default: all, or what the copy had. */
  readonly prefix?: string | undefined
  /**
   * Take over a directory that is a copy of another namespace of this store, and let nobody else do so until `dispose`. Default: it
   * is refused.
   */
  readonly rebind?: boolean | undefined
}

/** Waited for as long as a dead one may be in the way. */
const CLAIM = { ttlMs: 20_000, waitMs: 25_000 }

export class WorkingCopy {
  readonly directory: string
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

  /** @throws CopyMismatchError when the directory is a copy of something else; LockTimeoutError when it is taken, with `rebind` */
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
    const copy = { namespace, signing, directory, prefix, turns }
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

  /** Names a path (a file, or a folder with all below it) as changed: the next push looks only at what was named. */
  markDirty(path: string): void {
    this.#hints.add(parsePath(path))
  }

  async dispose(): Promise<void> {
    await this.#close()
  }

  /** Brings what the namespace changed. One conditional request when it changed nothing. */
  pull(options: SyncOptions = {}): Promise<PullResult> {
    return inTurn(this.#copy, turn => pull(turn, options.onProgress))
  }

  /**
   * Commits what the directory changed, in one commit: what was named by markDirty, else all that a scan finds.
   * @throws ConflictError naming paths that the namespace changed too; the directory keeps its own, and a pull lists them.
   */
  push(options: SyncOptions = {}): Promise<PushResult> {
    return inTurn(this.#copy, async turn => {
      const hints = this.#hints
      this.#hints = new Set()
      try {
        return await push(turn, hints, options)
      } catch (error) {
        for (const hint of hints) this.#hints.add(hint)
        throw error
      }
    })
  }

  /** What a push would do, by a scan; asks the store nothing. */
  status(options: SyncOptions = {}): Promise<CopyStatus> {
    return inTurn(this.#copy, async turn => {
      const header = await headerOf(turn, turn.state)
      const changes = await scanAll(turn, seen => options.onProgress?.('scan', seen))
      await turn.state.flush()
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
    })
  }

  /** Settles conflicts: `ours` keeps what the directory has, for the next push; `theirs` takes what the namespace has. */
  settle(side: 'ours' | 'theirs', paths?: readonly string[]): Promise<PullResult> {
    return inTurn(this.#copy, turn => settle(turn, side, paths))
  }
}
