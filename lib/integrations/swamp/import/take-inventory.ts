// Taking the inventory of a datastore: its index first, in whichever form it is, then a listing, which alone says what lies there now and
// as which version. No request for a single object. Writers may go on: what they wrote since the index is taken as it is, and what the
// index still names while they delete it, under their lock, is left for the next time.

import { concurrently } from '../../../concurrently.ts'
import { CorruptObjectError } from '../../../errors.ts'
import { type Etag, isPath } from '../../../names.ts'
import { MAX_DOCUMENT_BYTES } from '../../../store/bounded.ts'
import { decodeText, parseText } from '../../../store/json-object.ts'
import * as z from '../../../vendor/zod.ts'
import { isNeverSynced } from '../never-synced.ts'
import { type Datastore, INDEX, isOfSwamp, META } from './datastore.ts'
import { type IndexFile, type ReadIndex, readIndexFile } from './index-entries.ts'
import { Inventory } from './inventory.ts'
import { isAnyHeld, isLock, isNamespaceLock } from './locks.ts'
import { BusyDatastoreError, NoDatastoreError, Problems, SwampProblemsError } from './problems.ts'

export type IndexKind = 'one file' | 'sharded' | 'none'

export interface Taken {
  readonly inventory: Inventory
  readonly problems: Problems
  readonly index: IndexKind
  /** The ETag of what says that the index changed; undefined where there is no index. */
  readonly etag: string | undefined
  /** Whether the index was another one each time that there was a look. */
  readonly isChanging: boolean
  /** A swamp command holds a lock, and may be writing. */
  readonly isLocked: boolean
  /** Objects that the index does not name (yet). */
  readonly notIndexed: number
  /** Paths of which index and objects say different things: they stay as they are. */
  readonly untouched: ReadonlySet<string>
  /** How many of them a writer is about to delete. */
  readonly underWay: number
}

interface TakeOptions {
  /** What the keys of a runlet store within the datastore begin with. */
  readonly runlet: string | undefined
  /** That there is nothing at all is no error. */
  readonly mayBeEmpty?: boolean | undefined
  /** Without an index, all that lies there counts for files of swamp's, whatever it is. */
  readonly anyFiles?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of bytes of the index, then of objects listed. */
  readonly onProgress?: ((step: 'index' | 'list', done: number) => void) | undefined
}

const ATTEMPTS = 5
const PARTITIONS_AT_ONCE = 8

const metaSchema = z.object({ version: z.unknown(), partitions: z.array(z.string()) })

/** @throws NoDatastoreError, BusyDatastoreError, CorruptObjectError, StoreError, AbortedError */
export async function takeInventory(datastore: Datastore, options: TakeOptions): Promise<Taken> {
  let before: string | undefined | null = null
  for (let attempt = 1; ; attempt++) {
    const taken = await takeOnce(datastore, options)
    const isLast = attempt === ATTEMPTS
    if (taken === 'changed') {
      if (isLast) throw new BusyDatastoreError(datastore.url)
      continue
    }
    // Who wrote the index between the two looks explains what they disagree in.
    const isChanging = taken.etag !== before
    if (taken.problems.count === 0 || !isChanging || isLast) return { ...taken, isChanging }
    before = taken.etag
  }
}

/** @throws SwampProblemsError, or BusyDatastoreError where all that is wrong may be a writer's doing, unless it is to be skipped */
export function assertSound({ url }: Datastore, { problems, isChanging }: Taken, skipInvalid: boolean): void {
  if (problems.count === 0 || skipInvalid) return
  const list = problems.list()
  if (isChanging && list.every(({ kind }) => kind === 'missing-object' || kind === 'other-size'))
    throw new BusyDatastoreError(url)
  throw new SwampProblemsError(url, list)
}

async function takeOnce(datastore: Datastore, options: TakeOptions): Promise<Omit<Taken, 'isChanging'> | 'changed'> {
  const inventory = new Inventory()
  const problems = new Problems()
  const read = await readIndex(datastore, { inventory, problems }, options)
  if (read === 'changed') return 'changed'
  const listed = await listInto(datastore, { inventory, problems, index: read.index }, options)
  const untouched = new Set<string>(listed.disagreeing)
  const isLocked = await isAnyHeld(datastore.store, new Set([datastore.lock, ...listed.locks]))
  for (const path of inventory.missing()) {
    untouched.add(path)
    if (!isLocked) problems.add('missing-object', path)
  }
  const underWay = isLocked ? untouched.size - listed.disagreeing.length : 0
  if (read.index === 'none') assertIsDatastore(datastore, { inventory, ...listed }, options)
  return { inventory, problems, ...read, notIndexed: listed.notIndexed, untouched, underWay, isLocked }
}

/** Where no index says so. */
function assertIsDatastore(
  { url }: Datastore,
  found: Pick<Listed, 'isSwamps' | 'isRunlets'> & { inventory: Inventory },
  { mayBeEmpty = false, anyFiles = false }: TakeOptions,
): void {
  const isEmpty = found.inventory.count === 0
  if (isEmpty ? mayBeEmpty : anyFiles || (found.isSwamps && !found.isRunlets)) return
  if (isEmpty)
    throw new NoDatastoreError(url, 'holds no swamp datastore: neither an index nor a file', 'Check the URL.')
  const what = found.isRunlets ? 'a store of runlet (runlet.json)' : 'files, but none in a folder of swamp (like data/)'
  const remedy = 'Check the URL and --namespace; with --any-files all that lies there is taken for files of swamp.'
  throw new NoDatastoreError(url, `holds no swamp datastore: no index, and ${what}`, remedy)
}

interface Target {
  readonly inventory: Inventory
  readonly problems: Problems
}

async function readIndex(
  datastore: Datastore,
  { inventory, problems }: Target,
  { onProgress }: TakeOptions,
): Promise<{ index: IndexKind; etag: string | undefined } | 'changed'> {
  const { store, root } = datastore
  let bytes = 0
  const listed = new Map<string, { etag: Etag | undefined; at: number }>()
  const file = (key: string): IndexFile => ({
    store,
    key,
    listed,
    problems,
    onEntry: entry => {
      if (isNamespaceLock(entry.path)) return
      if (isNeverSynced(entry.path)) problems.add('never-synced', entry.path)
      else if (!isPath(entry.path)) problems.add('invalid-path', entry.path)
      else inventory.index(entry)
    },
    onBytes: more => {
      bytes += more
      onProgress?.('index', bytes)
    },
  })
  const meta = await readMeta(datastore)
  for await (const entry of store.list({ prefix: root + (meta ? '_index/' : INDEX) }))
    if (entry.kind === 'object') listed.set(entry.key, { etag: entry.etag, at: entry.lastModified })
  if (meta) {
    const parts = await concurrently(meta.partitions, PARTITIONS_AT_ONCE, name =>
      readIndexFile(file(`${root}_index/${name}.json`)),
    )
    // A partition goes with its last entry, and then the list of them is written anew.
    if (parts.some(part => typeof part === 'string'))
      return (await readMeta(datastore))?.etag === meta.etag ? missingPart(datastore) : 'changed'
    return { index: 'sharded', etag: meta.etag }
  }
  const whole: ReadIndex | string = await readIndexFile(file(root + INDEX))
  if (whole === 'changed') return 'changed'
  return typeof whole === 'string' ? { index: 'none', etag: undefined } : { index: 'one file', etag: whole.etag }
}

function missingPart({ root }: Datastore): never {
  throw new CorruptObjectError(
    root + META,
    'names a part of the index that is gone; `swamp datastore migrate-index` rebuilds it',
  )
}

/** Undefined where the index in one file is what counts: there are no parts, or they are only a copy. */
async function readMeta({ store, root, url }: Datastore): Promise<{ partitions: string[]; etag: string } | undefined> {
  const key = root + META
  const answer = await store.get(key, { maxBytes: MAX_DOCUMENT_BYTES })
  if (answer.status !== 'found') return undefined
  const meta = metaSchema.safeParse(parseText(key, decodeText(key, answer.body)))
  if (!meta.success) throw new CorruptObjectError(key, 'is no list of the parts of an index')
  const { version, partitions } = meta.data
  if (version === 1) return undefined
  if (version === 2) return { partitions, etag: answer.etag }
  throw new NoDatastoreError(
    url,
    `has an index in parts of version ${JSON.stringify(version)?.slice(0, 40)}, and only 1 and 2 are known`,
    'Upgrade runlet.',
  )
}

interface Listed {
  /** The keys of swamp's locks. */
  readonly locks: readonly string[]
  readonly notIndexed: number
  readonly disagreeing: readonly string[]
  /** Whether some of the files lie where swamp keeps its. */
  readonly isSwamps: boolean
  readonly isRunlets: boolean
}

async function listInto(
  { store, root, namespace, url }: Datastore,
  { inventory, problems, index }: Target & { index: IndexKind },
  { runlet, signal, onProgress }: TakeOptions,
): Promise<Listed> {
  const [disagreeing, locks]: [string[], string[]] = [[], []]
  let [notIndexed, seen, isSwamps, isRunlets] = [0, 0, false, false]
  const namespaces = new Set<string>()
  for await (const entry of store.list({ prefix: root, signal })) {
    if (entry.kind !== 'object' || (runlet !== undefined && entry.key.startsWith(runlet))) continue
    const path = entry.key.slice(root.length)
    onProgress?.('list', ++seen)
    if (isNamespaceLock(path)) continue
    if (isLock(path)) locks.push(entry.key)
    const [, other] = /^([^/]+)\/\.(?:namespace|datastore-index)\.json$/.exec(path) ?? []
    if (other !== undefined) namespaces.add(other)
    const about = { size: entry.size, etag: entry.etag, at: entry.lastModified }
    if (index === 'none') {
      // Folders as some tools make them are no files.
      if (isNeverSynced(path) || path.endsWith('/')) continue
      isSwamps ||= isOfSwamp(path)
      isRunlets ||= path === 'runlet.json'
      if (isPath(path)) inventory.list(path, about)
      else problems.add('invalid-path', path)
    } else if (!inventory.has(path)) {
      if (!isNeverSynced(path)) notIndexed += 1
    } else if (inventory.list(path, about) === 'disagrees') {
      problems.add('other-size', path)
      disagreeing.push(path)
      inventory.leaveOut(path)
    }
  }
  if (index === 'none' && namespace === undefined && namespaces.size > 0) throw severalNamespaces(url, namespaces)
  return { locks, notIndexed, disagreeing, isSwamps, isRunlets }
}

const severalNamespaces = (url: string, namespaces: ReadonlySet<string>): NoDatastoreError =>
  new NoDatastoreError(
    url,
    `has no index of its own, but the namespaces ${[...namespaces].slice(0, 10).join(', ')}`,
    'Name one with --namespace, and import each into a namespace of its own.',
  )
