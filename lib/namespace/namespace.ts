// A namespace: a named map from path to value with one history of commits. The entry of this folder, which carries G1 to G5:
// reads, writes and what the layers above need of a namespace. It knows runs only as namespaces with a base, and no command.
//
//   get, list  ->  view (layers over base)  ->  index-store  ->  index-file
//   put        ->  committer (group)  ->  commit (swap)  ->  batch  ->  integrate  ->  conflict
//                                          |  contended
//                                          v
//                                       combine (merge lease, queue)
import type { Ambient } from '../ambient.ts'
import {
  AbortedError,
  InvalidArgumentError,
  NamespaceNotFoundError,
  RunNotFoundError,
  StaleWriteError,
} from '../errors.ts'
import { LeaseCell } from '../lease/leases.ts'
import { compareBytes, type NamespaceName, type Path, parsePath, parsePrefix } from '../names.ts'
import { momentOf } from '../store/grace.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { newBackground } from './background.ts'
import { type Committed, Committer, type Signing } from './committer.ts'
import { COMPACTION_LEASE } from './compact.ts'
import { HeadCell, type NamespaceContext } from './context.ts'
import { Courtesy } from './courtesy.ts'
import { type CommitRecord, emptyHead, type Head } from './head.ts'
import { readHistory } from './history.ts'
import { DEFAULT_BOUNDS, type IndexBounds, IndexStore } from './index-store.ts'
import { leaseKey } from './keys.ts'
import { MERGE_LEASE } from './leading.ts'
import { newerHead, onNewest } from './newest.ts'
import { deletedRow, type FileRow, type Row } from './row.ts'
import { type Content, isInHand, type Value, Values } from './values.ts'
import { type View, ViewMaker } from './view.ts'

/** One path as a listing shows it. */
export interface Entry {
  /** The path. */
  readonly path: string
  /** Of the value, in bytes. */
  readonly size: number
  /** Of the value, in hex. Undefined where nobody has read the value yet: it was imported, and lies in an object of others. */
  readonly sha256: string | undefined
  /** The commit that wrote it: the namespace's own, or for what a run has from its parent, the parent's. */
  readonly seq: number
  /** Who wrote it. */
  readonly author: string
  /** When, by the writer's clock. */
  readonly modifiedAt: Date
}

/** What a transaction collects; see Namespace.commit. */
export interface Transaction {
  /** Reads as of the moment the transaction began, its own changes included; undefined when there is none. */
  get(path: string): Promise<Uint8Array | undefined>
  /** Puts a path. Resolves when the value is stored, which need not be waited for: the commit does. */
  put(path: string, value: Value): Promise<void>
  /** Removes a path. */
  delete(path: string): void
}

interface WriteOptions {
  readonly message?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A namespace in use: its context, and the group commit of this process. */
export interface OpenNamespace extends NamespaceContext {
  readonly committer: Committer
}

/**
 * Makes the means to use a namespace; asks the store nothing. `bounds`: of the index files that it writes; it reads any. `cacheBytes`: of
 * decoded index files that it keeps.
 */
export function openNamespace(
  store: ObjectStore,
  name: NamespaceName,
  ambient: Ambient,
  bounds: IndexBounds = DEFAULT_BOUNDS,
  cacheBytes?: number,
): OpenNamespace {
  const isUsual = bounds === DEFAULT_BOUNDS && cacheBytes === undefined
  const index = isUsual ? indexOf(store, ambient) : new IndexStore(store, ambient, bounds, cacheBytes)
  const context: NamespaceContext = {
    name,
    store,
    ambient,
    index,
    head: new HeadCell(store, name, ambient),
    views: new ViewMaker(store, index),
    values: new Values(store, ambient),
    merge: new LeaseCell(store, leaseKey(name, MERGE_LEASE), MERGE_LEASE, ambient),
    compaction: new LeaseCell(store, leaseKey(name, COMPACTION_LEASE), COMPACTION_LEASE, ambient),
    prepared: {},
    courtesy: new Courtesy(),
    background: newBackground(store),
  }
  return { ...context, committer: new Committer(context) }
}

const indexes = new WeakMap<ObjectStore, WeakMap<Ambient, IndexStore>>()

/** One for all namespaces of a store: index files are immutable, and a cache for each handle would grow with the handles. */
function indexOf(store: ObjectStore, ambient: Ambient): IndexStore {
  const known = indexes.get(store) ?? new WeakMap<Ambient, IndexStore>()
  indexes.set(store, known)
  const index = known.get(ambient) ?? new IndexStore(store, ambient)
  known.set(ambient, index)
  return index
}

/** Makes the namespace; one that somebody else has just made will do. */
export async function createNamespace(context: NamespaceContext): Promise<void> {
  await context.head.swap(undefined, emptyHead(context.name, context.ambient.now()))
  if (!context.head.known) throw new NamespaceNotFoundError(context.name)
}

export async function get(context: NamespaceContext, path: string): Promise<Uint8Array | undefined> {
  const parsed = parsePath(path)
  return onFreshView(context, async view => {
    const row = await view.find(parsed)
    return row && context.values.read(row)
  })
}

/**
 * A value in chunks; undefined when there is none. The first one is read at once: should it be gone, there is still the choice of another
 * head.
 */
export async function stream(context: NamespaceContext, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const parsed = parsePath(path)
  return onFreshView(context, async view => {
    const row = await view.find(parsed)
    if (!row) return undefined
    const chunks = context.values.stream(row)
    return resumed(await chunks.next(), chunks)
  })
}

async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  if (first.done) return
  yield first.value
  yield* rest
}

export async function stat(context: NamespaceContext, path: string): Promise<Entry | undefined> {
  const parsed = parsePath(path)
  const row = await onFreshView(context, view => view.find(parsed))
  return row && entryOf(row)
}

export async function* list(context: NamespaceContext, prefix: string): AsyncGenerator<Entry> {
  const parsed = parsePrefix(prefix)
  let last: Path | undefined
  for (let seen = await context.head.refresh(); ; ) {
    try {
      for await (const row of readableView(context, seen.value).scan(parsed)) {
        if (last !== undefined && compareBytes(row.path, last) <= 0) continue
        last = row.path
        yield entryOf(row)
      }
      return
    } catch (error) {
      seen = await newerHead(context, seen, error)
    }
  }
}

/** The commits, newest first. */
export async function* log(context: NamespaceContext): AsyncGenerator<CommitRecord> {
  yield* readHistory(context.store, (await context.head.refresh()).value)
}

export async function put(
  context: OpenNamespace,
  change: { path: string; value: Value },
  by: Signing,
  options: WriteOptions,
): Promise<Committed> {
  const path = parsePath(change.path)
  assertNotAborted(options.signal)
  for (;;) {
    const began = momentOf(context.ambient)
    const content = await context.values.write(context.name, change.value, options.signal)
    try {
      return await context.committer.submit([fileRow(context, path, content, by)], by, { ...options, began })
    } catch (error) {
      // A stream was read; what is in hand can be stored once more.
      if (!(error instanceof StaleWriteError) || !isInHand(change.value)) throw error
    }
  }
}

export async function remove(
  context: OpenNamespace,
  path: string,
  by: Signing,
  options: WriteOptions,
): Promise<Committed> {
  const row = deletion(context, parsePath(path), by)
  assertNotAborted(options.signal)
  return context.committer.submit([row], by, options)
}

/** Collects the changes that `fill` makes and commits them together, as made against the head at the beginning. */
export async function commitTransaction(
  context: OpenNamespace,
  fill: (tx: Transaction) => void | Promise<void>,
  by: Signing,
  options: WriteOptions,
): Promise<Committed> {
  if (typeof fill !== 'function') {
    throw new InvalidArgumentError('fill', 'is not a function', 'Pass a function that is given a transaction.')
  }
  const began = momentOf(context.ambient)
  const base = await freshView(context)
  const changes = new Map<Path, Promise<Content> | undefined>()
  await fill(transaction(context, base, changes, options.signal))
  assertNotAborted(options.signal)
  const rows = await Promise.all(
    [...changes].map(async ([path, content]): Promise<Row> => {
      return content ? fileRow(context, path, await content, by) : deletion(context, path, by)
    }),
  )
  rows.sort((a, b) => compareBytes(a.path, b.path))
  return context.committer.submit(rows, by, { ...options, base, began })
}

function transaction(
  context: NamespaceContext,
  base: View,
  changes: Map<Path, Promise<Content> | undefined>,
  signal: AbortSignal | undefined,
): Transaction {
  return {
    get: async text => {
      const path = parsePath(text)
      if (!changes.has(path)) {
        const row = await base.find(path)
        return row && context.values.read(row)
      }
      const content = await changes.get(path)
      return content && context.values.read({ path, seq: base.seq, at: 0, author: '', ...content })
    },
    put: (text, value) => {
      const path = parsePath(text)
      const content = context.values.write(context.name, value, signal)
      changes.set(path, content)
      const stored = content.then(() => undefined)
      stored.catch(() => undefined) // awaited by the commit, which reports it
      return stored
    },
    delete: text => {
      changes.set(parsePath(text), undefined)
    },
  }
}

async function freshView(context: NamespaceContext): Promise<View> {
  return context.views.view((await context.head.refresh()).value)
}

/** @throws RunNotFoundError for what is left of a run that has ended */
function readableView(context: NamespaceContext, head: Head): View {
  if (head.emptied) throw new RunNotFoundError(context.name)
  return context.views.view(head)
}

const onFreshView = <T>(context: NamespaceContext, read: (view: View) => Promise<T>): Promise<T> =>
  onNewest(context, ({ value }) => read(readableView(context, value)))

function fileRow(context: NamespaceContext, path: Path, content: Content, by: Signing): Row {
  return { path, seq: 0, at: context.ambient.now(), author: by.author, ...content }
}

function deletion(context: NamespaceContext, path: Path, { author }: Signing): Row {
  return deletedRow(path, { in: context.name, at: context.ambient.now(), author })
}

function entryOf(row: FileRow): Entry {
  const { path, size, sha256, seq, author, at } = row
  return { path, size, sha256, seq, author, modifiedAt: new Date(at) }
}

function assertNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbortedError('the write', signal.reason)
}
