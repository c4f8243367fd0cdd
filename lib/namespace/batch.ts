// Several changes, one swap: integrates each in turn into the head as the ones before it left it, and gives the next head with
// a verdict for each. Writes nothing that others can see.
import { CorruptObjectError, FormatVersionError, MissingObjectError } from '../errors.ts'
import { BatchAhead } from './batch-ahead.ts'
import type { Change, RowSet } from './change.ts'
import { boundLayers } from './compact.ts'
import type { NamespaceContext } from './context.ts'
import { withFence } from './fences.ts'
import type { CommitRecord, Layer, NewHead } from './head.ts'
import { boundHistory } from './history.ts'
import { integrate, type Verdict } from './integrate.ts'
import { toStored } from './row.ts'

/** What became of one change. */
export type Outcome =
  | { readonly kind: 'committed'; readonly seq: number; readonly batchSize: number; readonly rows: number }
  | Exclude<Verdict, { kind: 'apply' | 'done' }>

interface Batch {
  /** The next head, or undefined when no change is to be applied. */
  readonly next: NewHead | undefined
  readonly outcomes: readonly Outcome[]
}

export async function applyBatch(context: NamespaceContext, head: NewHead, changes: readonly Change[]): Promise<Batch> {
  let next = head
  const verdicts: { verdict: Verdict; seq: number }[] = []
  const ahead = new BatchAhead(context, head, changes)
  try {
    for (const change of changes) {
      ahead.next()
      const verdict = await (change.base ? integrate : integrateForeign)(context, next, change)
      if (verdict.kind === 'apply') next = append(next, change, verdict)
      verdicts.push({ verdict, seq: next.seq })
    }
  } finally {
    ahead.end()
  }
  const batchSize = next.seq - head.seq
  const outcomes = verdicts.map(({ verdict, seq }): Outcome => {
    if (verdict.kind === 'done')
      return { kind: 'committed', seq: verdict.seq, batchSize: verdict.batch, rows: verdict.rows }
    return verdict.kind === 'apply' ? { kind: 'committed', seq, batchSize, rows: verdict.rows } : verdict
  })
  if (batchSize === 0) return { next: undefined, outcomes }
  return { next: await bounded(context, signed(next, head.seq, batchSize), batchSize), outcomes }
}

/** Somebody else's change: should it refer to what cannot be read, it must not stand in the way of the others. */
async function integrateForeign(context: NamespaceContext, head: NewHead, change: Change): Promise<Verdict> {
  try {
    return await integrate(context, head, change)
  } catch (error) {
    const broken = [CorruptObjectError, FormatVersionError, MissingObjectError].some(kind => error instanceof kind)
    if (!broken) throw error
    return { kind: 'broken', message: (error as Error).message.slice(0, 1000) }
  }
}

/** The same head, small: its layers and its history at the same time. */
async function bounded(context: NamespaceContext, head: NewHead, batch: number): Promise<NewHead> {
  const [{ layers }, { commits, history }] = await Promise.all([
    boundLayers(context, head),
    boundHistory(head, context, { batch, prepared: context.prepared.history }),
  ])
  return { ...head, layers, commits, ...(history && { history }) }
}

function append(head: NewHead, change: Change, verdict: Verdict & { kind: 'apply' }): NewHead {
  const seq = head.seq + 1
  const { id, at, author, message, origin, fence } = change
  const record: CommitRecord = {
    seq,
    id,
    at,
    author,
    rows: verdict.rows,
    ...(message && { message }),
    ...(origin && { origin }),
  }
  const fences = fence ? withFence(head.fences, fence) : head.fences
  const layers = verdict.sets.filter(isNotEmpty).map(set => layerOf(set, seq, head))
  const first = head.seq === 0 && head.base ? { firstAt: at } : {}
  return { ...head, ...first, seq, fences, layers: [...head.layers, ...layers], commits: [...head.commits, record] }
}

const isNotEmpty = (set: RowSet): boolean => ('rows' in set ? set.rows.length > 0 : set.files.length > 0)

function layerOf(set: RowSet, seq: number, head: NewHead): Layer {
  if ('files' in set) return { from: seq, to: seq, files: [...set.files] }
  return { from: seq, to: seq, rows: set.rows.map(row => toStored(row, { seq, namespace: head.namespace })) }
}

/** Notes on each new record how many went in together. */
function signed(head: NewHead, since: number, batch: number): NewHead {
  if (batch === 1) return head
  return { ...head, commits: head.commits.map(commit => (commit.seq > since ? { ...commit, batch } : commit)) }
}
