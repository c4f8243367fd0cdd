// The sweep of one namespace, step by step: its runs (each with those below it), its queue, retention, what was listed a grace period
// ago, what was dropped since the last sweep, and now and then the orphans. Each step stands by itself: a sweep that is killed is gone on
// with by the next one, and two at once do the same twice.

import { concurrently } from '../../concurrently.ts'
import type { NamespaceName } from '../../names.ts'
import { type Head, hasEnded, isChild } from '../../namespace/head.ts'
import { readHistory } from '../../namespace/history.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { graceOf, orphanAgeOf } from '../../store/grace.ts'
import type { Version } from '../../store/register.ts'
import { listForks, listForksAndSigns, removeForks } from '../pin.ts'
import { applyRetention } from '../retention/retention.ts'
import { byRun, sweepRun } from './dead-runs.ts'
import { deleteGarbage, viewOfFork } from './delete-garbage.ts'
import { findDropped } from './find-dropped.ts'
import { findOrphans, firstState, isDue } from './find-orphans.ts'
import { listGarbage, putGarbage } from './garbage-list.ts'
import { formatOfSnapshots, isSame, orphansRegister, type Snapshot, seenRegister, snapshotOf } from './snapshots.ts'
import { assertGoesOn, openToSweep, orTell, RUNS_AT_ONCE, raiseSweeps, type Sweeping } from './sweeping.ts'
import { tidyQueue } from './tidy-queue.ts'

/**
 * Sweeps the namespace and all below it that is open. What goes wrong with one is told in the report. Resolves to whether there is such
 * a namespace. `isYoung`: a run that will most likely end soon: then its objects go at once.
 */
export async function sweepFamily(
  context: OpenNamespace,
  sweeping: Sweeping,
  { isYoung }: { isYoung: boolean } = { isYoung: false },
): Promise<boolean> {
  assertGoesOn(sweeping)
  sweeping.onProgress?.(context.name)
  let isThere = true
  await orTell(context.name, sweeping, async () => {
    const version = await context.head.peek()
    isThere = version !== undefined
    if (version) sweeping.tally.now = timeOf(version)
    if (!version || hasEnded(version.value.state)) return
    await sweepRuns(context, sweeping, timeOf(version))
    await tidyQueue(context, sweeping, timeOf(version))
    if (!version.value.base) await retain(context, sweeping)
    if (!isYoung) await sweepObjects(context, sweeping)
  })
  return isThere
}

/** What need not be kept is deleted in ordinary commits. */
async function retain(context: OpenNamespace, { retention, tally, author, dryRun, signal }: Sweeping): Promise<void> {
  const reports = await applyRetention(context, retention, { author, dryRun, signal })
  tally.retention.push(...reports.filter(({ files, notNumbered }) => files + notNumbered.files > 0))
}

/** The store's clock when it answered. */
const timeOf = ({ serverTime = 0 }: Version<Head>): number => serverTime

async function sweepRuns(context: OpenNamespace, sweeping: Sweeping, now: number): Promise<void> {
  const pins = await listForksAndSigns(context)
  await removeLateSigns(context, pins, sweeping, now)
  await concurrently(byRun(pins.forks), RUNS_AT_ONCE, async ([name, forks]) => {
    const child = openToSweep(context.store, name, context.ambient)
    const isYoung = forks.every(({ putAt }) => now - putAt < orphanAgeOf(context.store))
    await sweepFamily(child, sweeping, { isYoung })
    const signs = pins.signs.filter(sign => sign.name === name)
    await orTell(name, sweeping, () => sweepRun({ parent: context, child, forks, signs, now }, sweeping))
  })
}

/** Signs of folds whose run had ended before they came: those that nobody's pin stands beside. */
async function removeLateSigns(
  context: OpenNamespace,
  { forks, signs }: Awaited<ReturnType<typeof listForksAndSigns>>,
  { dryRun, tally }: Sweeping,
  now: number,
): Promise<void> {
  const open = new Set(forks.map(({ fork }) => fork))
  const late = signs.filter(({ fork, putAt }) => !open.has(fork) && now - putAt > orphanAgeOf(context.store))
  if (!dryRun && late.length > 0) await removeForks(context, late)
  for (const { bytes } of late) tally.remove('forks', bytes)
}

/**
 * The head as it is now, with the store's time of the answer: what is noted of a state must not be dated before it, however long this
 * sweep slept, or what the state refers to would be taken for older than it.
 */
async function readHead({ head }: OpenNamespace): Promise<Version<Head>> {
  for (;;) {
    const version = await head.refresh()
    if (version.serverTime !== undefined) return version
  }
}

/** Whether a head is that of the run that the sweep began with: it may have ended since, and its id be in use again. */
const isStill = ({ value: { createdAt } }: Version<Head>, { value: now }: Version<Head>): boolean =>
  now.createdAt === createdAt && (now.state === 'open' || now.state === 'sealed')

async function sweepObjects(context: OpenNamespace, sweeping: Sweeping): Promise<void> {
  const before = await readHead(context)
  const now = timeOf(before)
  const [lists, seen, orphans] = await Promise.all([
    listGarbage(context, now - graceOf(context.store)),
    seenRegister(context).read(),
    orphansRegister(context).read(),
  ])
  const ripe = lists.filter(({ isRipe }) => isRipe)
  const knowsOrphans = orphans?.value.base.life === before.value.createdAt
  const looksForOrphans = knowsOrphans && isDue(orphans.value, context, now)
  const raises = (ripe.length > 0 || looksForOrphans) && !sweeping.dryRun
  if (raises) await raiseSweeps(context)
  // Before anything is deleted: what the state that was seen last refers to must be there to be looked at.
  const last = seen?.value.state.life === before.value.createdAt ? seen : undefined
  // Another sweep may have seen a newer head meanwhile: what that refers to and this one does not was not dropped.
  const isKnown = last === undefined || isSame(last.value.state, snapshotOf(before.value, now))
  const version = raises || !isKnown ? await readHead(context) : before
  if (!isStill(before, version)) return
  await listDropped(context, version, last && { ...last, state: last.value.state }, sweeping)
  if (ripe.length > 0) await deleteGarbage(context, ripe, sweeping)
  for (const { objects, bytes, isRipe } of lists) if (!isRipe) sweeping.tally.wait(objects, bytes)
  if (sweeping.dryRun) return
  if (looksForOrphans) await listOrphans(context, orphans, before)
  else if (!knowsOrphans) await orphansRegister(context).swap(orphans, firstState(before.value, now))
}

async function listDropped(
  context: OpenNamespace,
  version: Version<Head>,
  last: { readonly etag: Version<unknown>['etag']; readonly state: Snapshot } | undefined,
  { dryRun, tally }: Sweeping,
): Promise<void> {
  const now = snapshotOf(version.value, timeOf(version))
  if (last && isSame(last.state, now)) return
  // First the runs: their folders must be emptied before the index goes that was adopted of them.
  const ended = dryRun ? [] : await endedSince(context, version.value, last?.state.seq ?? 0)
  await putGarbage(context, { seq: now.seq, items: [], ended })
  for await (const items of last ? findDropped(context, last.state, version.value) : []) {
    for (const { bytes } of items) tally.wait(1, bytes)
    if (!dryRun) await putGarbage(context, { seq: now.seq, items })
  }
  if (dryRun) return
  // Lost: then another sweep has listed the same.
  await seenRegister(context).swap(last, { format: formatOfSnapshots(now), state: now })
}

/** The runs that were folded, or refused, after a commit. A run's user writes the run's history: it tells of no others than its own runs. */
async function endedSince({ name, store }: OpenNamespace, head: Head, since: number): Promise<NamespaceName[]> {
  const runs = new Set<NamespaceName>()
  for await (const { seq, origin } of readHistory(store, head)) {
    if (seq <= since) break
    if (origin && isChild(origin.run, name)) runs.add(origin.run)
  }
  return [...runs]
}

async function listOrphans(
  context: OpenNamespace,
  state: NonNullable<Awaited<ReturnType<ReturnType<typeof orphansRegister>['read']>>>,
  before: Version<Head>,
): Promise<void> {
  const since = state.value.base.seq
  const forks = (await listForks(context)).filter(({ seq }) => seq >= since)
  const views = await Promise.all(forks.map(fork => viewOfFork(context, fork)))
  const pins = views.filter(view => view !== undefined)
  // After the forks: what a run that ends meanwhile hands to its parent is seen with one of the two.
  const version = await readHead(context)
  if (!isStill(before, version)) return
  const head = version.value
  const times = { now: timeOf(before), at: timeOf(version) }
  const { orphans, held, next } = await findOrphans(context, state.value, { head, ...times, pins })
  await putGarbage(context, { seq: head.seq, items: held })
  await putGarbage(context, { seq: head.seq, since, seen: forks.map(({ fork }) => fork), items: orphans })
  await orphansRegister(context).swap(state, next)
}
