// Retention: what people said that a namespace need not keep is deleted, in ordinary commits. The entry of this folder.
//
//   rules (pattern, quantities)  ->  survey (choose)  ->  removal (meanwhile)  ->  compaction
//
// All rules judge the namespace as it is at the beginning, so their order does not matter: a file goes when any of them says so, and
// none that keeps all. Open runs go on seeing what they were forked from. The objects themselves go with the sweep.
import { AbortedError, LeaseLostError, LockTimeoutError } from '../../errors.ts'
import type { Path } from '../../names.ts'
import { compact } from '../../namespace/compact.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import type { FileRow } from '../../namespace/row.ts'
import { Removal } from './removal.ts'
import { parseRetention, type RetentionRule } from './rules.ts'
import { type Doomed, type Locate, locator, type Survey, survey } from './survey.ts'
import { type RetentionProgress, type RetentionReport, Tally } from './tally.ts'

export interface RetentionOptions {
  /** Signs the commits. */
  readonly author: string
  /** Says what would go, and writes nothing. */
  readonly dryRun?: boolean | undefined
  /** In place of this machine's clock: what ages are judged by. */
  readonly now?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: RetentionProgress) => void) | undefined
  /** Told of files before a commit deletes them, with the places of their values. */
  readonly onDelete?: ((rows: readonly FileRow[]) => Promise<void>) | undefined
}

/**
 * Deletes what the rules say; resolves to a report for each of them that is about this namespace and may delete.
 * @throws InvalidArgumentError before anything is read, AbortedError; what was deleted stays deleted
 */
export async function applyRetention(
  namespace: OpenNamespace,
  given: readonly RetentionRule[],
  options: RetentionOptions,
): Promise<RetentionReport[]> {
  const rules = parseRetention(given).filter(rule => (rule.namespace ?? namespace.name) === namespace.name)
  const view = namespace.views.view((await namespace.head.refresh()).value)
  const now = options.now ?? namespace.ambient.now()
  const protectors = rules.filter(rule => rule.isKeepAll)
  const deleting = rules.filter(rule => !rule.isKeepAll).map(rule => ({ rule, locate: locator(rule, protectors) }))
  const gone = new Set<Path>()
  const reports: RetentionReport[] = []
  for (const [i, one] of deleting.entries()) {
    const later = deleting.slice(i + 1).map(({ locate }) => locate)
    reports.push(await applyRule(namespace, { ...one, view, now, gone, later }, options))
  }
  if (!options.dryRun) await compactAfter(namespace, reports, options)
  return reports
}

interface Task extends Omit<Survey, 'onLook' | 'onOdd' | 'check'> {
  /** What earlier rules removed of what this one may be about: it was counted with them. */
  readonly gone: Set<Path>
  /** How the rules after this one read paths. */
  readonly later: readonly Locate[]
}

async function applyRule(namespace: OpenNamespace, task: Task, options: RetentionOptions): Promise<RetentionReport> {
  const { rule, gone, later } = task
  const tally = new Tally(rule.path, options.onProgress)
  const check = () => {
    if (options.signal?.aborted) throw new AbortedError('the retention', options.signal.reason)
  }
  const onDeleted = (deleted: readonly Doomed[]) => {
    tally.add(deleted)
    for (const { row } of deleted) if (later.some(locate => locate(row.path))) gone.add(row.path)
  }
  const removal = new Removal(namespace, {
    ...task,
    ...options,
    isGone: (path: Path) => gone.has(path),
    onDeleted,
    onLeft: tally.leave,
  })
  for await (const [scope, doomed] of survey({ ...task, check, onLook: tally.look, onOdd: tally.meetOdd })) {
    for await (const one of doomed) {
      if (gone.has(one.row.path)) continue
      if (options.dryRun) onDeleted([one])
      else await removal.add(scope, one)
    }
  }
  await removal.flush()
  return tally.report(namespace.name)
}

/** What is deleted is hidden by now; a compaction takes it out of its shards and packs, so that the sweep finds its values out of use. */
async function compactAfter(
  namespace: OpenNamespace,
  reports: readonly RetentionReport[],
  { signal }: RetentionOptions,
): Promise<void> {
  if (reports.every(({ files }) => files === 0)) return
  try {
    await compact(namespace, { signal })
  } catch (error) {
    // Somebody else is at it, and the next one will find the same to do.
    if (!(error instanceof LockTimeoutError || error instanceof LeaseLostError)) throw error
  }
}
