// Deleting what was listed a grace period ago (G9), in this order: the head is swapped, so that nobody who read it earlier can begin to
// refer to anything (sweeping.ts); then the forks are listed; then each object is looked up in all that is open, in the head last. What
// an open fork still reaches goes to a list of its own, and waits for the fork to end.
import { concurrently } from '../../concurrently.ts'
import { MissingObjectError } from '../../errors.ts'
import { isInFamily, type NamespaceName } from '../../names.ts'
import type { Base, Head } from '../../namespace/head.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import type { View } from '../../namespace/view.ts'
import { listForks, type Pinned } from '../pin.ts'
import { emptyRun } from './ended-runs.ts'
import { type Doomed, type GarbageList, keyOf, type ListedGarbage, putGarbage, readGarbage } from './garbage-list.ts'
import { notNeededBy } from './needed.ts'
import { deleteKeys, orTell, RUNS_AT_ONCE, type Sweeping } from './sweeping.ts'

/** `lists`: ripe ones. To be called once the head was swapped. */
export async function deleteGarbage(
  context: OpenNamespace,
  lists: readonly ListedGarbage[],
  sweeping: Sweeping,
): Promise<void> {
  const { value: head } = await context.head.refresh()
  // A dry run has removed none of those that it told of.
  const forks = (await listForks(context)).filter(({ key }) => !sweeping.tally.pins.has(key))
  const open: Open = { forks, views: new Map(), unended: new Set() }
  // First the runs: what they left can only be told while the index that their parent adopted is there.
  const byKind = [lists.filter(({ objects }) => objects === 0), lists.filter(({ objects }) => objects > 0)]
  for (const listed of byKind.flat()) {
    await orTell(listed.key, sweeping, async () => {
      const read = await readGarbage(context, listed.key)
      if (!read) return
      const { list, problem } = read
      if (problem) sweeping.tally.problem(listed.key, problem)
      await emptyRuns(context, { list, head }, open, sweeping)
      await deleteListed(context, { listed, list }, open, sweeping)
    })
  }
}

async function emptyRuns(
  context: OpenNamespace,
  { list, head }: { list: GarbageList; head: Head },
  { unended }: Open,
  sweeping: Sweeping,
): Promise<void> {
  await concurrently(new Set(list.ended), RUNS_AT_ONCE, async run => {
    unended.add(run)
    await orTell(run, sweeping, async () => {
      if (await emptyRun(context, run, head, sweeping)) unended.delete(run)
    })
  })
}

/** The forks that are open, as they were after the swap. */
interface Open {
  readonly forks: readonly Pinned[]
  readonly views: Map<string, Promise<View | undefined>>
  /** Runs that were adopted and whose own end is still to come. */
  readonly unended: Set<NamespaceName>
}

async function deleteListed(
  context: OpenNamespace,
  { listed, list }: { listed: ListedGarbage; list: GarbageList },
  open: Open,
  sweeping: Sweeping,
): Promise<void> {
  const reached = new Set(list.items)
  for (const item of await unusedByForks(context, open, list)) reached.delete(item)
  // Read after the forks: a run that was folded since has handed what it reached to the head, before its pin went.
  const { value: head } = await context.head.refresh()
  const unused = await unusedBySelf(context, head, list.items)
  const isHeld = (item: Doomed) => reached.has(item) || [...open.unended].some(run => isInFamily(run, item.in))
  const [free, held] = [unused.filter(item => !isHeld(item)), unused.filter(isHeld)]
  for (const item of held) sweeping.tally.wait(1, item.bytes)
  await removeAll(context, free, sweeping)
  const ended = (list.ended ?? []).filter(run => open.unended.has(run))
  const isAsBefore = held.length === list.items.length && ended.length === (list.ended ?? []).length
  const isEmpty = held.length === 0 && ended.length === 0
  if (isAsBefore && !isEmpty) return
  if (!sweeping.dryRun) {
    if (!isEmpty) await putGarbage(context, { ...list, items: held, ended }, 'ripe')
    await context.store.delete([listed.key])
  }
  sweeping.tally.remove('garbage', listed.size)
}

/** Those that the namespace does not refer to, nor what it stands on: a run says again what it has from its parent. */
async function unusedBySelf(context: OpenNamespace, head: Head, items: readonly Doomed[]): Promise<Doomed[]> {
  if (items.length === 0) return []
  let unused = await notNeededBy(context, context.views.view(head), items)
  if (head.base) unused = await notNeededBy(context, await context.views.baseView(context.name, head.base), unused)
  for (const base of head.oldBases ?? []) {
    // Gone: another sweep has removed it since, for nobody stood on it any more.
    const view = await unlessMissing(context.views.baseView(context.name, base))
    if (view) unused = await notNeededBy(context, view, unused)
  }
  return unused
}

async function unusedByForks(
  context: OpenNamespace,
  { forks, views }: Open,
  { seq, since = 0, seen = [], items }: GarbageList,
): Promise<Doomed[]> {
  let unused = [...items]
  for (const fork of forks) {
    if (fork.seq > seq || fork.seq < since || seen.includes(fork.fork) || unused.length === 0) continue
    // Nobody can tell by its path whether the fork reaches what has none.
    unused = unused.filter(item => item.path !== undefined)
    if (!views.has(fork.fork)) views.set(fork.fork, viewOfFork(context, fork))
    const view = await views.get(fork.fork)
    if (view) unused = await notNeededBy(context, view, unused)
  }
  return unused
}

/** What an open fork holds of the namespace; undefined when it has ended since. */
export async function viewOfFork(context: OpenNamespace, { name, seq, fork }: Pinned): Promise<View | undefined> {
  const base: Base = { namespace: context.name, seq, fork }
  return unlessMissing(context.views.baseView(name, base))
}

async function unlessMissing(view: Promise<View>): Promise<View | undefined> {
  try {
    return await view
  } catch (error) {
    if (error instanceof MissingObjectError) return undefined
    throw error
  }
}

export async function removeAll(context: OpenNamespace, items: readonly Doomed[], sweeping: Sweeping): Promise<void> {
  const keys = [...new Set(items.map(keyOf))]
  if (!sweeping.dryRun) await deleteKeys(context.store, keys)
  for (const item of items) sweeping.tally.remove(item.kind, item.bytes)
}
