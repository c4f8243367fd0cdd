// Refreshing a run: moves its fork point to the parent's head now (G3). What the parent changed since the fork becomes visible;
// where both sides changed a path, the conflict policy decides now, for the fold will only look at what came after (G4).
import { ConflictError, LeaseLostError, NamespaceSealedError } from '../errors.ts'
import { boundLayers } from '../namespace/compact.ts'
import { inConflict, type Sides, settle, standing } from '../namespace/conflict.ts'
import type { Base, CommitRecord, Head, Layer, NewHead } from '../namespace/head.ts'
import { newId } from '../namespace/object-id.ts'
import { policyFor } from '../namespace/policy.ts'
import { isFile, lastOfEach, type Row, toStored } from '../namespace/row.ts'
import type { View } from '../namespace/view.ts'
import { isAwhileAgo, type Moment, momentOf } from '../store/grace.ts'
import { putPin, removePins } from './pin.ts'
import { assertOwner, type OpenRun } from './run.ts'

/**
 * Moves the run's fork point; resolves to the parent's seq that it now stands on.
 * @throws ConflictError naming the paths that both changed and no policy settles; the run stays where it was.
 */
export async function refreshRun(run: OpenRun, author: string): Promise<number> {
  await run.child.committer.idle()
  for (;;) {
    const seq = await refreshOnce(run, author)
    if (seq !== undefined) return seq
  }
}

/** Undefined when a sweep came between that did not see the new pin: what it holds may be gone (G9). */
async function refreshOnce(run: OpenRun, author: string): Promise<number | undefined> {
  const began = momentOf(run.child.ambient)
  const [parent, child] = await Promise.all([run.parent.head.refresh(), run.child.head.refresh()])
  assertOwner(child.value, run)
  if (child.value.base?.seq === parent.value.seq) return parent.value.seq
  const { base, put } = putPin(run.parent, run.child, parent.value, 'refresh')
  await put
  try {
    const after = run.parent.views.view(parent.value)
    let swept = false
    await run.child.head.update(async head => {
      swept = await isSwept(run, began, { parent: parent.value, child: child.value, head })
      return swept ? undefined : moved(run, head, { base, after, author })
    })
    if (!swept) return base.seq
    await removePins(run.parent, run.name, [base])
    return undefined
  } catch (error) {
    // Surely not moved: the new pin keeps nothing. After a swap of unknown outcome the head may stand on it.
    const refused =
      error instanceof ConflictError || error instanceof NamespaceSealedError || error instanceof LeaseLostError
    if (refused) await removePins(run.parent, run.name, [base])
    throw error
  }
}

/** Whether a sweep of the parent may have overlooked the new pin, or one of the run have removed it as one of a crash. */
async function isSwept(
  { parent }: OpenRun,
  began: Moment,
  then: { readonly parent: Head; readonly child: Head; readonly head: Head },
): Promise<boolean> {
  if (!isAwhileAgo(began, parent)) return false
  return then.head.sweeps !== then.child.sweeps || (await parent.head.refresh()).value.sweeps !== then.parent.sweeps
}

interface Move {
  readonly base: Base
  /** The parent as it is at the new fork point. */
  readonly after: View
  readonly author: string
}

async function moved(run: OpenRun, head: Head, { base, after, author }: Move): Promise<NewHead | undefined> {
  assertOwner(head, run)
  if (head.base?.fork === base.fork) return undefined
  if (head.state !== 'open' || !head.base) throw new NamespaceSealedError(run.name, head.state)
  const before = await run.child.views.baseView(run.name, head.base)
  const { ambient, name } = run.child
  const seq = head.seq + 1
  const rows = await settledRows(run, head, { before, after, author })
  const record: CommitRecord = {
    seq,
    id: newId(ambient),
    at: ambient.now(),
    author,
    message: `refresh to ${base.namespace}@${base.seq}`,
    rows: rows.length,
  }
  const onTop: Layer[] =
    rows.length > 0 ? [{ from: seq, to: seq, rows: rows.map(row => toStored(row, { seq, namespace: name })) }] : []
  const { write: _, ...rest } = head
  return boundLayers(run.child, {
    ...rest,
    seq,
    base,
    oldBases: [...(head.oldBases ?? []), { ...head.base, until: seq }],
    layers: [...head.layers, ...onTop],
    commits: [...head.commits, record],
  })
}

/** The rows that must lie on top of the run's own once the parent's newer state lies below them. */
async function settledRows(
  run: OpenRun,
  head: Head,
  { before, after, author }: { before: View; after: View; author: string },
): Promise<Row[]> {
  const { values, name, ambient } = run.child
  const view = run.child.views.view(head)
  const taken = async (path: Row['path']) =>
    (await Promise.all([after.find(path), view.findOwn(path)])).some(row => isFile(row))
  const by = { values, namespace: name, at: ambient.now(), author, suffix: run.id, taken }
  const conflicts: string[] = []
  const rows: Row[] = []
  for await (const theirs of view.scanOwn()) {
    const [base, ours] = await Promise.all([before.find(theirs.path), after.find(theirs.path)])
    const sides: Sides = { path: theirs.path, base, ours, theirs }
    if (!(await inConflict(sides, 'branch', by.values))) {
      rows.push(...(await standing(sides, by)))
      continue
    }
    const settlement = await settle(sides, policyFor(run.rules, theirs.path), by)
    if (typeof settlement === 'string') conflicts.push(theirs.path)
    else if ('error' in settlement) throw settlement.error
    else rows.push(...settlement.rows)
  }
  if (conflicts.length > 0) throw new ConflictError(run.parent.name, conflicts)
  return lastOfEach(rows)
}
