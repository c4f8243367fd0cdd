// A working copy: a local directory kept in step with a namespace, or a prefix of it. Pull brings what the namespace changed, push
// commits what the directory changed, each moving only that. Neither overwrites the other side's work (G4): a path that both
// changed is a conflict, kept as it lies in the directory until it is settled. A crash at any point leaves a copy that the next
// pull or push completes: files appear whole, and the head that was reached is written last.
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import PQueue from 'p-queue'
import { ConflictError, CopyMismatchError, MissingObjectError, PathCollisionError } from '../errors.ts'
import { LeaseCell } from '../lease/leases.ts'
import { compareBytes, type Path, parsePath, parsePrefix } from '../names.ts'
import type { Signing } from '../namespace/committer.ts'
import type { Head } from '../namespace/head.ts'
import type { OpenNamespace } from '../namespace/namespace.ts'
import type { Row } from '../namespace/row.ts'
import type { View } from '../namespace/view.ts'
import { openFileStore } from '../store/file/file-store.ts'
import type { Version } from '../store/register.ts'
import { type Applied, applyChanges } from './apply.ts'
import { findCollisions } from './collisions.ts'
import { type CopyHeader, CopyState } from './copy-state.ts'
import { diffViews, type RowChange } from './diff-heads.ts'
import { LocalFiles, STATE_FOLDER } from './local-files.ts'
import { type LocalChange, type ScanMeans, scanAll, scanHints } from './scan.ts'

export interface PullResult {
  /** The commit that the directory is now in step with. */
  readonly seq: number
  readonly written: number
  readonly removed: number
  /** Paths that both sides changed, of this pull and before: the directory has its own. */
  readonly conflicts: readonly string[]
}

export interface PushResult {
  /** The commit that was made; undefined when there was nothing to push. */
  readonly seq: number | undefined
  readonly put: number
  readonly deleted: number
}

export interface CopyStatus {
  readonly seq: number | undefined
  readonly added: readonly string[]
  readonly modified: readonly string[]
  readonly deleted: readonly string[]
  readonly conflicts: readonly string[]
}

/** Told of long work: what is being done, and how many files it has done. */
export type CopyProgress = (step: 'scan' | 'fetch' | 'push', files: number) => void

export interface SyncOptions {
  readonly onProgress?: CopyProgress | undefined
  readonly message?: string | undefined
}

export interface CopyOptions {
  /** Only the paths that start with it. Default: all, or what the copy had. */
  readonly prefix?: string | undefined
  /** Take over a directory that is a copy of another namespace of this store. Default: it is refused. */
  readonly rebind?: boolean | undefined
}

const TURN_TTL_MS = 20_000
const UPLOADS = 16

export class WorkingCopy {
  readonly directory: string
  readonly prefix: string
  private readonly namespace: OpenNamespace
  private readonly signing: Signing
  private readonly turn: LeaseCell
  private readonly close: () => Promise<void>
  private hints = new Set<Path>()

  private constructor(
    namespace: OpenNamespace,
    signing: Signing,
    about: { directory: string; prefix: string; turn: LeaseCell; close: () => Promise<void> },
  ) {
    this.namespace = namespace
    this.signing = signing
    this.directory = about.directory
    this.prefix = about.prefix
    this.turn = about.turn
    this.close = about.close
  }

  /** @throws CopyMismatchError when the directory is a copy of something else */
  static async open(
    namespace: OpenNamespace,
    signing: Signing,
    directory: string,
    options: CopyOptions,
  ): Promise<WorkingCopy> {
    const root = resolve(directory)
    const found = await new CopyState(root, namespace.ambient).header()
    const prefix = parsePrefix(options.prefix ?? found?.prefix ?? '')
    await mkdir(join(root, STATE_FOLDER, 'copy'), { recursive: true })
    const store = await openFileStore(join(root, STATE_FOLDER, 'copy', 'turn'), { ambient: namespace.ambient })
    const turn = new LeaseCell(store, 'turn', 'working copy', namespace.ambient)
    const about = { directory: root, prefix, turn, close: () => store.close() }
    const copy = new WorkingCopy(namespace, signing, about)
    try {
      if (options.rebind && found && found.namespace !== namespace.name) await copy.rebind()
      await copy.header(new CopyState(root, namespace.ambient))
    } catch (error) {
      await copy.close()
      throw error
    }
    return copy
  }

  /** Names a path (a file, or a folder with all below it) as changed: the next push looks only at what was named. */
  markDirty(path: string): void {
    this.hints.add(parsePath(path))
  }

  async dispose(): Promise<void> {
    await this.close()
  }

  /** Brings what the namespace changed. One conditional request when it changed nothing. */
  pull(options: SyncOptions = {}): Promise<PullResult> {
    return this.inTurn(async means => this.pullInTurn(means, options))
  }

  /**
   * Commits what the directory changed, in one commit: what was named by markDirty, else all that a scan finds.
   * @throws ConflictError naming paths that the namespace changed too; the directory keeps its own, and a pull lists them.
   */
  push(options: SyncOptions = {}): Promise<PushResult> {
    return this.inTurn(async means => {
      const header = await this.header(means.state)
      if (!header.head) await this.pullInTurn(means, options)
      try {
        return await this.pushInTurn(means, options)
      } catch (error) {
        // A base that was swept, as one that others changed: a pull finds out where we stand.
        if (!(error instanceof ConflictError) && !(error instanceof MissingObjectError)) throw error
        const { conflicts } = await this.pullInTurn(means, options)
        if (conflicts.length > 0) throw error
        return this.pushInTurn(means, options) // both sides had made the same change
      }
    })
  }

  /** What a push would do, by a scan; asks the store nothing. */
  status(options: SyncOptions = {}): Promise<CopyStatus> {
    return this.inTurn(async means => {
      const header = await this.header(means.state)
      const changes = await scanAll({ ...means, onProgress: seen => options.onProgress?.('scan', seen) })
      await means.state.flush()
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
        conflicts: Object.keys(header.conflicts).sort(compareBytes),
      }
    })
  }

  /** Settles conflicts: `ours` keeps what the directory has, for the next push; `theirs` takes what the namespace has. */
  settle(side: 'ours' | 'theirs', paths?: readonly string[]): Promise<PullResult> {
    return this.inTurn(async means => {
      if (!(await this.header(means.state)).head) await this.pullInTurn(means, {})
      const header = await this.header(means.state)
      const chosen = Object.keys(header.conflicts)
        .filter(path => !paths || paths.includes(path))
        .map(parsePath)
      const view = header.head && this.namespace.views.view(header.head)
      const changes = await Promise.all(chosen.map(async path => ({ path, after: await view?.find(path) })))
      const applied = await applyChanges({ ...means, namespace: this.namespace }, changes, side)
      await means.state.flush()
      const conflicts = Object.fromEntries(
        Object.entries(header.conflicts).filter(([path]) => !chosen.includes(path as Path)),
      )
      await means.state.writeHeader({ ...header, conflicts })
      return this.resultOf(header.head?.seq ?? 0, applied, conflicts)
    })
  }

  private async pullInTurn(means: ScanMeans, options: SyncOptions): Promise<PullResult> {
    const header = await this.header(means.state)
    const { head } = this.namespace
    const seen = versionOf(header)
    if (seen) head.learn(seen)
    const now = await head.refresh()
    if (now.etag === seen?.etag) return this.resultOf(now.value.seq, NOTHING, header.conflicts)
    const changes = await this.changesTo(now.value, header, means.state)
    await this.assertNoCollisions(means, changes)
    const applied = await applyChanges({ ...means, namespace: this.namespace }, changes, undefined, files =>
      options.onProgress?.('fetch', files),
    )
    await means.state.flush()
    const conflicts = { ...header.conflicts, ...applied.conflicts }
    for (const path of applied.settled) delete conflicts[path]
    await means.state.writeHeader({ ...header, head: now.value, etag: now.etag, conflicts })
    return this.resultOf(now.value.seq, applied, conflicts)
  }

  private async changesTo(now: Head, header: CopyHeader, state: CopyState): Promise<RowChange[]> {
    const after = this.namespace.views.view(now)
    if (header.head && isSameLife(header.head, now)) {
      const before = this.namespace.views.view(header.head)
      try {
        return await diffViews(this.namespace.index, before, after, this.prefix)
      } catch (error) {
        if (!(error instanceof MissingObjectError)) throw error // what an old head refers to is swept some day
      }
    }
    return this.everything(after, header, state)
  }

  /** Every path that the namespace has or that the copy knows of, whether it changed or not. */
  private async everything(after: View, header: CopyHeader, state: CopyState): Promise<RowChange[]> {
    const changes = new Map<Path, RowChange>()
    for await (const row of after.scan(this.prefix)) {
      changes.set(row.path, { path: row.path, after: row })
    }
    const known: Path[] = Object.keys(header.conflicts).map(parsePath)
    for await (const { path } of state.all()) known.push(path)
    for (const path of known) {
      if (!changes.has(path)) changes.set(path, { path, after: undefined })
    }
    return [...changes.values()]
  }

  private async assertNoCollisions({ state, files }: ScanMeans, changes: readonly RowChange[]): Promise<void> {
    if (!changes.some(change => change.after)) return
    const paths = new Set<string>()
    for await (const { path } of state.all()) paths.add(path)
    for (const { path, after } of changes) {
      if (after) paths.add(path)
      else paths.delete(path)
    }
    const collisions = findCollisions(paths, await files.traits())
    if (collisions.length > 0) throw new PathCollisionError(collisions)
  }

  private async pushInTurn(means: ScanMeans, options: SyncOptions): Promise<PushResult> {
    const header = await this.header(means.state)
    const hints = this.hints
    this.hints = new Set()
    const scan = { ...means, onProgress: (seen: number) => options.onProgress?.('scan', seen) }
    try {
      const changes = hints.size > 0 ? await scanHints(scan, hints) : await scanAll(scan)
      const unsettled = changes.filter(({ path }) => path in header.conflicts).map(({ path }) => path)
      if (unsettled.length > 0) throw new ConflictError(this.namespace.name, unsettled)
      return await this.commitChanges(means, header, changes, options)
    } catch (error) {
      for (const hint of hints) this.hints.add(hint)
      throw error
    }
  }

  private async commitChanges(
    means: ScanMeans,
    header: CopyHeader,
    changes: readonly LocalChange[],
    options: SyncOptions,
  ): Promise<PushResult> {
    const deleted = changes.filter(change => !change.local).length
    if (changes.length === 0) {
      await means.state.flush()
      return { seq: undefined, put: 0, deleted: 0 }
    }
    const rows = await this.upload(means, changes, options)
    const base = header.head && this.namespace.views.view(header.head)
    const { seq } = await this.namespace.committer.submit(rows, this.signing, {
      message: options.message,
      ...(base && { base }),
    })
    for (const [i, { path, stat }] of changes.entries()) {
      const { sha256, executable } = rows[i] as Row
      if (stat && sha256)
        await means.state.set({ path, sha256, ...stat, executable: executable ?? false, at: means.ambient.now() })
      else await means.state.delete(path)
    }
    await means.state.flush()
    // What others committed in between is still to be pulled: only a head that follows ours directly is reached.
    const { known } = this.namespace.head
    if (known && known.value.seq === seq && header.head?.seq === seq - 1 && isSameLife(header.head, known.value))
      await means.state.writeHeader({ ...header, head: known.value, etag: known.etag })
    return { seq, put: changes.length - deleted, deleted }
  }

  private async upload(means: ScanMeans, changes: readonly LocalChange[], options: SyncOptions): Promise<Row[]> {
    const { ambient, name, values } = this.namespace
    const queue = new PQueue({ concurrency: UPLOADS })
    let done = 0
    const rowOf = async ({ path, stat }: LocalChange): Promise<Row> => {
      const about = { path, seq: 0, at: ambient.now(), author: this.signing.author }
      if (!stat) return { ...about, in: name, deleted: true }
      const content = await values.write(name, means.files.read(path))
      done += 1
      options.onProgress?.('push', done)
      return { ...about, ...content, ...(stat.executable && { executable: true }) }
    }
    return queue.addAll(changes.map(change => () => rowOf(change)))
  }

  /**
   * Makes a copy of another namespace one of this. What the directory has in common with the other one stays the base for comparing
   * three ways; no head is remembered, so the next pull looks at every path. Safe to be cut short: either name is on the header.
   */
  private rebind(): Promise<void> {
    return this.inTurn(async ({ state }) => {
      const { name: namespace, store } = this.namespace
      const header = await state.header()
      if (!header || header.namespace === namespace) return
      if (header.store !== store.url || header.prefix !== this.prefix) return // refused as any other mismatch is
      await state.writeHeader({ ...header, namespace, head: undefined, etag: undefined })
    })
  }

  private async header(state: CopyState): Promise<CopyHeader> {
    const { name: namespace, store } = this.namespace
    const header = await state.header()
    if (!header) return { format: 1, store: store.url, namespace, prefix: this.prefix, conflicts: {} }
    const [found, asked] = [header, { namespace, prefix: this.prefix }].map(
      one => `"${one.namespace}" (prefix "${one.prefix}")`,
    )
    if (found !== asked) {
      const [foundIn, askedIn] = header.store === store.url ? ['', ''] : [` in ${header.store}`, ` in ${store.url}`]
      throw new CopyMismatchError(this.directory, `${found}${foundIn}`, `${asked}${askedIn}`)
    }
    return header
  }

  /** Two processes that use the same copy at once take turns; the turn of a dead one runs out. */
  private async inTurn<T>(work: (means: ScanMeans) => Promise<T>): Promise<T> {
    const { ambient } = this.namespace
    const lease = await this.turn.acquire({
      ttlMs: TURN_TTL_MS,
      waitMs: Number.POSITIVE_INFINITY,
      label: this.signing.author,
    })
    try {
      const files = new LocalFiles(this.directory, ambient)
      return await work({ files, state: new CopyState(this.directory, ambient), ambient, prefix: this.prefix })
    } finally {
      await lease.release()
    }
  }

  private resultOf(seq: number, applied: Applied, conflicts: CopyHeader['conflicts']): PullResult {
    return {
      seq,
      written: applied.written,
      removed: applied.removed,
      conflicts: Object.keys(conflicts).sort(compareBytes),
    }
  }
}

const NOTHING: Applied = { written: 0, removed: 0, conflicts: {}, settled: [] }

/** A run id that is used again names another namespace: what the old one was forked from may be gone. */
const isSameLife = (a: Head, b: Head): boolean => a.createdAt === b.createdAt

const versionOf = ({ head, etag }: CopyHeader): Version<Head> | undefined =>
  head && etag ? { value: head, etag: etag as Version<Head>['etag'] } : undefined
