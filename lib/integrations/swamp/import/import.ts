// The import of a swamp S3 datastore: its files become rows of a namespace, at once for all who read it. The entry of this folder.
//
//   take-inventory (index, listing)  ->  retain  ->  plan (record, namespace)  ->  decide  ->  values  ->  publish
//
//   1. the inventory: what there is, and what is wrong with it; bad input ends here, before anything is written;
//   2. each path that swamp changed since the last import is decided on: taken, left, or a conflict;
//   3. one change of the head makes all of it visible. Should somebody have written one of the paths meanwhile, 2 is done again;
//   4. the record of what was imported. Killed before it, the next import finds the same to do, and that it is done already.
// Nobody need pause: not swamp's writers, and not runlet's.
import { AbortedError, ConflictError, InvalidArgumentError } from '../../../errors.ts'
import { createNamespace, type OpenNamespace } from '../../../namespace/namespace.ts'
import type { PolicyRule } from '../../../namespace/policy.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { View } from '../../../namespace/view.ts'
import type { RetentionRule } from '../../../run/retention/rules.ts'
import { markStore } from '../../../store/format.ts'
import { type Meter, metered } from '../../../store/metered-store.ts'
import { Attempt, type Done, type Work } from './attempt.ts'
import { type Datastore, distanceTo, keysOfRunlet } from './datastore.ts'
import { plan } from './plan.ts'
import type { Problem } from './problems.ts'
import { Publication } from './publish.ts'
import { openRecord, sweepRecord } from './record.ts'
import { leaveOutSuperseded } from './retain.ts'
import { assertSound, type IndexKind, type Taken, takeInventory } from './take-inventory.ts'

export interface ImportOptions {
  /** Signs the commit. */
  readonly author: string
  /** Values become runlet's own. Default: rows refer to the objects where they lie, if that is the same bucket. */
  readonly copy?: boolean | undefined
  /** What these rules would delete is left out. */
  readonly retention?: readonly RetentionRule[] | undefined
  /** What both sides changed: `ours` keeps what the namespace has, `theirs` takes what swamp has. Default: `error`. */
  readonly rules?: readonly PolicyRule[] | undefined
  /** Goes on without what cannot be imported. */
  readonly skipInvalid?: boolean | undefined
  readonly dryRun?: boolean | undefined
  /** Takes what lies there for files of swamp's, though there is no index and nothing in a folder of swamp. */
  readonly anyFiles?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** `index` in bytes, `list` and `import` in files, of so many where that is known. */
  readonly onProgress?: ((step: 'index' | 'list' | 'import', done: number, total?: number) => void) | undefined
}

export interface ImportReport extends Readonly<Meter> {
  readonly namespace: string
  readonly from: string
  readonly index: IndexKind
  readonly dryRun: boolean
  /** Files of the datastore, and their bytes. */
  readonly files: number
  readonly bytes: number
  /** What swamp had put or deleted since the last import. */
  readonly put: number
  readonly deleted: number
  /** Values that were copied. */
  readonly copied: { readonly files: number; readonly bytes: number }
  /** Paths that both sides had changed, and that a policy decided. */
  readonly settled: number
  /** Files that rules of retention left out. */
  readonly leftOut: number
  /** Objects that the index does not name. */
  readonly notIndexed: number
  /** Paths that were being written or deleted: they stay as they are until the next import. */
  readonly underWay: number
  /** What was left out, with --skip-invalid. */
  readonly skipped: readonly Problem[]
  /** The commit; undefined when there was nothing to do. */
  readonly seq: number | undefined
}

const ATTEMPTS = 8

/**
 * @throws NoDatastoreError, SharedPrefixError, BusyDatastoreError, SwampProblemsError, SwampConflictError, CorruptObjectError; nothing was written
 * @throws AbortedError, ConflictError when others write the same paths without a pause
 */
export async function importSwamp(
  into: OpenNamespace,
  datastore: Datastore,
  options: ImportOptions,
): Promise<ImportReport> {
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const report = await metered(meter, () => importOnce(into, datastore, options))
  return { ...report, ...meter }
}

async function importOnce(
  into: OpenNamespace,
  datastore: Datastore,
  options: ImportOptions,
): Promise<Omit<ImportReport, keyof Meter>> {
  assertRules(options.rules)
  const { dryRun = false, skipInvalid = false, retention = [], anyFiles, signal, onProgress } = options
  const distance = await distanceTo(datastore, into.store)
  const runlet = await keysOfRunlet(datastore, into.store)
  const taken = await takeInventory(datastore, { runlet, anyFiles, signal, onProgress })
  assertSound(datastore, taken, skipInvalid)
  const leftOut = leaveOutSuperseded(taken.inventory, retention, { namespace: into.name, now: into.ambient.now() })
  const work = { into, datastore, distance, taken, options }
  const done = await untilCommitted(work, dryRun)
  return {
    namespace: into.name,
    from: datastore.url,
    index: taken.index,
    dryRun,
    ...totals(taken),
    ...done,
    leftOut,
    notIndexed: taken.notIndexed,
    underWay: taken.underWay + done.underWay,
    skipped: taken.problems.list(),
  }
}

/** Keys are compared by ETag, and kept-both or merged values would be conflicts again next time. */
function assertRules(rules: readonly PolicyRule[] = []): void {
  const other = rules.find(({ policy }) => typeof policy !== 'string' || !['error', 'ours', 'theirs'].includes(policy))
  if (!other) return
  throw new InvalidArgumentError(
    '--on-conflict',
    `${String(other.policy)} is no policy of an import`,
    'Use error, ours or theirs.',
  )
}

function totals({ inventory }: Taken): { files: number; bytes: number } {
  let [files, bytes] = [0, 0]
  for (const { size } of inventory.files()) {
    files += 1
    bytes += size
  }
  return { files, bytes }
}

async function untilCommitted(work: Work, dryRun: boolean): Promise<Done> {
  const { into } = work
  if (!dryRun && !(await into.head.peek())) {
    await markStore(into.store)
    await createNamespace(into)
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const done = await attemptOnce(work, dryRun)
    if (done !== 'overtaken') return done
  }
  throw new ConflictError(into.name, [])
}

/** Before the first import of a dry run there may be no namespace. */
async function viewOf(into: OpenNamespace): Promise<View> {
  const head = (await into.head.peek())?.value
  return into.views.view(head ?? { namespace: into.name, seq: 0, layers: [] })
}

async function attemptOnce(work: Work, dryRun: boolean): Promise<Done | 'overtaken'> {
  const { into, datastore, options } = work
  const view = await viewOf(into)
  const record = into.head.known && (await openRecord(into, datastore, dryRun ? 'if there is one' : 'create'))
  const recorded = record?.views.view((await record.head.refresh()).value)
  const attempt = new Attempt(work, {
    rows: new Publication(into),
    record: record && new Publication(record),
    isDry: dryRun,
  })
  const { inventory, untouched } = work.taken
  const alsoUnchanged = options.copy === true || work.distance !== 'same-bucket'
  const imported = recorded?.scan('') ?? nothing()
  for await (const steps of plan({ into, view, inventory, imported, untouched, alsoUnchanged })) {
    if (options.signal?.aborted) throw new AbortedError('the import', options.signal.reason)
    await attempt.take(steps)
  }
  attempt.assertNoConflict()
  if (dryRun) return attempt.done(undefined)
  const signing = { author: options.author, rules: [], suffix: 'swamp' }
  const seq = await attempt.rows.commit(view, signing, `import of ${shortUrl(datastore)}`)
  if (seq === 'conflict') return 'overtaken'
  if (record && recorded && (await attempt.record?.commit(recorded, signing, 'import')) === 'conflict')
    return 'overtaken'
  if (record && (attempt.record?.count ?? 0) > 0) {
    await record.committer.idle()
    await sweepRecord(record, options.author)
  }
  return attempt.done(seq)
}

async function* nothing(): AsyncGenerator<FileRow> {}

const shortUrl = ({ url, namespace }: Datastore): string => {
  const [address = ''] = url.split('?')
  return namespace === undefined ? address : `${address} (${namespace})`
}
