// The export to a swamp S3 datastore: the way back. Afterwards swamp's own S3 datastore has what the namespace has. The entry of this folder.
//
//   the namespace, the datastore, the record of the import  ->  compare  ->  move values  ->  write-index  ->  delete, and forget other indexes
//
// Values first, the one-file index last: until then swamp sees what it saw. Killed anywhere, the next export moves what is missing. What
// swamp changed since the last import is not overwritten; what only swamp has stays.

import { concurrently } from '../../../concurrently.ts'
import { AbortedError } from '../../../errors.ts'
import type { Path } from '../../../names.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { View } from '../../../namespace/view.ts'
import { type Meter, metered } from '../../../store/metered-store.ts'
import { type Datastore, keysOfRunlet } from '../import/datastore.ts'
import { type Found, Inventory } from '../import/inventory.ts'
import { NoDatastoreError, SwampConflictError } from '../import/problems.ts'
import { Publication } from '../import/publish.ts'
import { openRecord, sweepRecord } from '../import/record.ts'
import { type Taken, takeInventory } from '../import/take-inventory.ts'
import { externalRow, hashWhereItLies } from '../import/values.ts'
import { isNeverSynced } from '../never-synced.ts'
import { type Action, compare, type Triple, triples } from './compare.ts'
import { moveValue } from './move.ts'
import { removeParts, writeIndex } from './write-index.ts'

export interface ExportOptions {
  /** Signs the record of what was exported. */
  readonly author: string
  /** Overwrites and deletes what swamp changed since the last import. */
  readonly force?: boolean | undefined
  readonly dryRun?: boolean | undefined
  /** Takes what lies there for files of swamp's, though there is no index and nothing in a folder of swamp. */
  readonly anyFiles?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((step: 'index' | 'list' | 'export', done: number) => void) | undefined
}

export interface ExportReport extends Readonly<Meter> {
  readonly namespace: string
  readonly to: string
  readonly dryRun: boolean
  /** Files in the index that was written. */
  readonly files: number
  readonly put: number
  readonly deleted: number
  /** Bytes that the server copied, and that were sent from here. */
  readonly copiedBytes: number
  readonly sentBytes: number
  /** Files that only swamp has: they stay. */
  readonly kept: number
  /** Whether the index was written; not when there was nothing to say. */
  readonly wroteIndex: boolean
}

const MOVES_AT_ONCE = 32
const BATCH = 1000
const MOST_SHOWN = 100

/** @throws NamespaceNotFoundError, SwampConflictError before anything is written, ExternalObjectError, AbortedError */
export async function exportToSwamp(
  from: OpenNamespace,
  datastore: Datastore,
  options: ExportOptions,
): Promise<ExportReport> {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const report = await metered(meter, () => exportOnce(from, datastore, options))
  return { ...report, ...meter }
}

interface Work {
  readonly from: OpenNamespace
  readonly datastore: Datastore
  readonly options: ExportOptions
  readonly taken: Taken
  /** What the namespace has, what lies in the datastore, and what was imported, path by path. */
  triples(): AsyncGenerator<Triple>
}

async function exportOnce(
  from: OpenNamespace,
  datastore: Datastore,
  options: ExportOptions,
): Promise<Omit<ExportReport, keyof Meter>> {
  const { dryRun = false, anyFiles, signal, onProgress } = options
  const view = from.views.view((await from.head.refresh()).value)
  const runlet = await keysOfRunlet(datastore, from.store)
  const taken = await takeInventory(datastore, { runlet, mayBeEmpty: true, anyFiles, signal, onProgress })
  if (taken.isLocked && !dryRun) throw lockedError(datastore)
  const record = await openRecord(from, datastore, dryRun ? 'if there is one' : 'create')
  const recorded = record?.views.view((await record.head.refresh()).value)
  const work: Work = {
    from,
    datastore,
    options,
    taken,
    triples: () => triples(taken.inventory, filesOf(view), recorded?.scan('') ?? nothing()),
  }
  await assertNoConflict(work)
  const exported = new Export(work, record && !dryRun ? new Publication(record) : undefined)
  await exported.moveAll()
  const about = { namespace: from.name, to: datastore.url, dryRun, ...exported.counts }
  if (dryRun) return { ...about, files: exported.next.count, wroteIndex: false }
  const wroteIndex = await exported.finish()
  if (record && recorded && exported.record && exported.record.count > 0) {
    const signing = { author: options.author, rules: [], suffix: 'swamp' }
    await exported.record.commit(recorded, signing, 'export')
    await record.committer.idle()
    await sweepRecord(record, options.author)
  }
  return { ...about, files: exported.next.count, wroteIndex }
}

async function* nothing(): AsyncGenerator<FileRow> {}

/** Without what swamp keeps for itself under such names, and runlet's own logs. */
async function* filesOf(view: View): AsyncGenerator<FileRow> {
  for await (const row of view.scan('')) if (!isNeverSynced(row.path)) yield row
}

const lockedError = ({ url }: Datastore): NoDatastoreError =>
  new NoDatastoreError(
    url,
    `is in use: a swamp command holds a lock on it, or on a model in it`,
    'Wait until it has ended, or release the lock (`swamp datastore lock release`), and export again.',
  )

/** A walk of its own, so that nothing is written where something must not be. */
async function assertNoConflict({ triples: all, options, datastore }: Work): Promise<void> {
  if (options.force) return
  const paths: Path[] = []
  let count = 0
  for await (const triple of all()) {
    if ((await compare(triple, swamp => hashWhereItLies(datastore, swamp))) !== 'conflict') continue
    count += 1
    if (paths.length < MOST_SHOWN) paths.push(triple.path)
  }
  if (count === 0) return
  throw new SwampConflictError(paths, count, {
    side: 'in swamp',
    remedy: 'Import first (`runlet import swamp`), or overwrite them with --force.',
  })
}

class Export {
  readonly counts = { put: 0, deleted: 0, copiedBytes: 0, sentBytes: 0, kept: 0 }
  /** What the datastore will hold. */
  readonly next = new Inventory()
  readonly record: Publication | undefined
  readonly #work: Work
  readonly #deletions: Path[] = []
  #looked = 0
  #learned = 0

  constructor(work: Work, record: Publication | undefined) {
    this.#work = work
    this.record = record
  }

  async moveAll(): Promise<void> {
    let batch: Triple[] = []
    for await (const triple of this.#work.triples()) {
      if (batch.push(triple) < BATCH) continue
      await this.#moveBatch(batch)
      batch = []
    }
    await this.#moveBatch(batch)
  }

  async #moveBatch(batch: readonly Triple[]): Promise<void> {
    const { signal, onProgress, dryRun } = this.#work.options
    if (signal?.aborted) throw new AbortedError('the export', signal.reason)
    const actions = await concurrently(batch, MOVES_AT_ONCE, triple => this.#actionOf(triple))
    const moving = batch.flatMap(({ row }, i) => (row && actions[i] === 'put' && !dryRun ? [row] : []))
    const small = await this.#work.from.values.readSmall(moving)
    const made = await concurrently(batch.entries(), MOVES_AT_ONCE, ([i, triple]) =>
      this.#move(triple, actions[i] as Exclude<Action, 'conflict'>, small.get(triple.path)),
    )
    for (const [i, found] of made.entries()) {
      const triple = batch[i] as Triple
      if (found) this.#note(found)
      if (!dryRun) await this.#remember(triple, found)
    }
    this.#looked += batch.length
    onProgress?.('export', this.#looked)
  }

  async #actionOf(triple: Triple): Promise<Exclude<Action, 'conflict'>> {
    const action = await compare(triple, swamp => hashWhereItLies(this.#work.datastore, swamp))
    if (action !== 'conflict') return action
    return triple.row ? 'put' : 'delete'
  }

  /** What the datastore has of the path afterwards. */
  async #move(
    { path, row, swamp }: Triple,
    action: Exclude<Action, 'conflict'>,
    small: Uint8Array | undefined,
  ): Promise<Found | undefined> {
    if (action === 'keep') this.counts.kept += 1
    if (action === 'same' && swamp && swamp.sha256 === undefined && row?.sha256 !== undefined) this.#learned += 1
    if (action === 'same' && swamp) return { ...swamp, sha256: swamp.sha256 ?? row?.sha256 }
    if (action === 'delete') {
      this.counts.deleted += 1
      this.#deletions.push(path)
    }
    if (action !== 'put' || !row) return action === 'delete' ? undefined : swamp
    this.counts.put += 1
    if (this.#work.options.dryRun) return { path, size: row.size, at: row.at, etag: undefined, sha256: row.sha256 }
    const { etag, sha256, how } = await moveValue(this.#work, row, small)
    this.counts[how === 'copied' ? 'copiedBytes' : 'sentBytes'] += row.size
    return { path, size: row.size, at: this.#work.from.ambient.now(), etag, sha256 }
  }

  #note({ path, size, sha256, at, etag }: Found): void {
    this.next.index({ path, size, sha256, writtenAt: Number.POSITIVE_INFINITY })
    this.next.list(path, { size, etag, at })
  }

  /** What both have in common from now on. */
  async #remember({ row, swamp, imported }: Triple, found: Found | undefined): Promise<void> {
    if (!this.record) return
    const { from, datastore } = this.#work
    const isOurs = row !== undefined || imported !== undefined
    if (!found) {
      if (imported && !row) await this.record.add({ ...imported, ...deletedBy(this.#work) })
      return
    }
    const isNew = found !== swamp && found.etag !== imported?.external?.[1]
    if (isOurs && row && isNew && found.etag !== undefined)
      await this.record.add(externalRow({ into: from, datastore }, found))
  }

  /** Resolves to whether the index was written. */
  async finish(): Promise<boolean> {
    const { datastore, taken } = this.#work
    const { put, deleted } = this.counts
    const isSame = taken.index === 'one file' && put + deleted + this.#learned === 0 && taken.problems.count === 0
    if (isSame) return false
    await writeIndex(datastore, this.next, { taken, signal: this.#work.options.signal })
    const { store, root } = datastore
    for (let at = 0; at < this.#deletions.length; at += BATCH)
      await store.delete(this.#deletions.slice(at, at + BATCH).map(path => root + path))
    await removeParts(datastore)
    return true
  }
}

/** A row of the record that says that there is none any more. */
const deletedBy = ({ from, options }: Work) => ({
  size: undefined,
  sha256: undefined,
  external: undefined,
  seq: 0,
  at: from.ambient.now(),
  author: options.author,
  deleted: true as const,
})
