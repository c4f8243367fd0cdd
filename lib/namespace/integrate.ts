// Integrating one change into a head: the decision at the heart of a commit (G4, G5, G7). Looks only at what came after the head
// that the change was made against, and only at the change's own paths; in the common case that takes no request at all.

import { isTooOld } from '../store/grace.ts'
import { type Change, countRows, type RowSet } from './change.ts'
import { inConflict, type Settling, type Sides, settle, standing } from './conflict.ts'
import type { NamespaceContext } from './context.ts'
import { isFenced } from './fences.ts'
import type { Head, HeadState, Layer, NewHead } from './head.ts'
import { findCommit } from './history.ts'
import { rangesMeet } from './index-store.ts'
import { findNewest, type PlacedLayer, scanNewest } from './layers.ts'
import { policyFor } from './policy.ts'
import { contradictedBy } from './reliance.ts'
import { isFile, lastOfEach, type Row } from './row.ts'

export type Verdict =
  /** It may be appended, as these row sets. */
  | { readonly kind: 'apply'; readonly sets: readonly RowSet[]; readonly rows: number }
  /** It is in the head's history already. */
  | { readonly kind: 'done'; readonly seq: number; readonly batch: number; readonly rows: number }
  | { readonly kind: 'conflict'; readonly paths: readonly string[] }
  /** Only the process that made the change can tell: it has the policy function, or saw the base. */
  | { readonly kind: 'owner' }
  | { readonly kind: 'fenced'; readonly lease: string }
  /** What it refers to is so old that a sweep may take it for orphans; of somebody else's, that nobody has looked since the last sweep. */
  | { readonly kind: 'stale' }
  /** What it refers to cannot be read. */
  | { readonly kind: 'broken'; readonly message: string }
  /** The caller's own policy function threw. */
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'sealed'; readonly state: HeadState }

export async function integrate(context: NamespaceContext, head: NewHead, change: Change): Promise<Verdict> {
  const done = await findCommit(context.store, head, change.since, commit => isSame(commit, change))
  if (done?.origin?.discarded && !change.origin?.discarded) return { kind: 'sealed', state: 'discarded' }
  if (done) return { kind: 'done', seq: done.seq, batch: done.batch ?? 1, rows: done.rows }
  if (head.state !== 'open') return { kind: 'sealed', state: head.state }
  const { fence } = change
  if (fence && (await isFenced(context, head, fence))) return { kind: 'fenced', lease: fence.name }
  if (isStale(context, head, change)) return { kind: 'stale' }
  const contradicted = await contradictedBy(context, head, change)
  if (contradicted === 'unknown') return { kind: 'owner' }
  if (contradicted.length > 0) return { kind: 'conflict', paths: contradicted }
  const touched = await touchedSides(context, head, change)
  if (touched === 'unknown') return { kind: 'owner' }
  return settleAll(context, head, change, touched)
}

const isStale = (context: NamespaceContext, head: NewHead, { base, began, sweeps }: Change): boolean =>
  base ? began !== undefined && isTooOld(began, context) : sweeps !== head.sweeps

const isSame = (commit: Head['commits'][number], change: Change): boolean =>
  commit.id === change.id ||
  (change.origin !== undefined && commit.origin?.run === change.origin.run && commit.origin.fork === change.origin.fork)

async function settleAll(
  context: NamespaceContext,
  head: NewHead,
  change: Change,
  touched: readonly Sides[],
): Promise<Verdict> {
  const by = settlingFor(context, head, change)
  const conflicts: string[] = []
  const onTop: Row[] = []
  for (const sides of touched) {
    if (!(await inConflict(sides, change.origin ? 'branch' : 'writer', context.values))) {
      onTop.push(...(await standing(sides, by)))
      continue
    }
    const settlement = await settle(sides, policyFor(change.rules, sides.path), by)
    if (settlement === 'owner') return { kind: 'owner' }
    if (settlement === 'conflict') conflicts.push(sides.path)
    else if ('error' in settlement) return { kind: 'failed', error: settlement.error }
    else onTop.push(...settlement.rows)
  }
  if (conflicts.length > 0) return { kind: 'conflict', paths: conflicts }
  const sets = onTop.length > 0 ? [...change.sets, { rows: lastOfEach(onTop) }] : change.sets
  return { kind: 'apply', sets, rows: countRows(change.sets) }
}

function settlingFor(context: NamespaceContext, head: NewHead, change: Change): Settling {
  const arriving = change.sets.map(set => ({ layer: asLayer(set), namespace: context.name }))
  return {
    values: context.values,
    namespace: context.name,
    at: change.at,
    author: change.author,
    suffix: change.suffix,
    taken: async path => {
      const found = [context.views.view(head).find(path), findNewest(context.index, arriving, path)]
      return (await Promise.all(found)).some(isFile)
    },
  }
}

/**
 * The change's paths that the head has touched since, with their three sides. 'unknown' when the head alone cannot tell any
 * more (a compaction merged what came before and after, or the base was moved) and the change does not know what it saw.
 */
async function touchedSides(context: NamespaceContext, head: NewHead, change: Change): Promise<Sides[] | 'unknown'> {
  if (head.base?.fork !== change.sinceFork) return compareViews(context, head, change)
  const newer = head.layers.filter(layer => layer.to > change.since)
  const arriving = change.sets.map(asLayer)
  // What was deleted in between, and left out of the bottom layer, no row tells of.
  if (newer.some(layer => (layer.forgot ?? 0) > change.since)) return compareViews(context, head, change)
  if (!newer.some(layer => arriving.some(set => rangesMeet(set, layer)))) return []

  const place = (layer: Layer): PlacedLayer => ({ layer, namespace: context.name })
  const view = context.views.view(head)
  const older = [...(await view.below()), ...view.own.filter(placed => placed.layer.from <= change.since)]
  const sidesOf = async (theirs: Row): Promise<Sides | 'untouched' | 'unknown'> => {
    const ours = await findNewest(context.index, newer.map(place), theirs.path)
    if (!ours || ours.seq <= change.since || isOwn(change, head, ours)) return 'untouched'
    let base = await findNewest(context.index, older, theirs.path)
    // A layer with commits from before and after keeps only the newest row of a path: what was before is forgotten there.
    if (base && base.seq > change.since) {
      if (!change.base) return 'unknown'
      base = await (await change.base()).find(theirs.path)
    }
    return { path: theirs.path, base, ours, theirs }
  }
  const sides: Sides[] = []
  for await (const some of portionsOf(scanNewest(context.index, arriving.map(place), ''), PATHS_AT_ONCE)) {
    for (const found of await Promise.all(some.map(sidesOf))) {
      if (found === 'unknown') return 'unknown'
      if (found !== 'untouched') sides.push(found)
    }
  }
  return sides
}

/** So many paths are looked up at the same time: each may lie in a file of its own. */
const PATHS_AT_ONCE = 16

async function* portionsOf(rows: AsyncIterable<Row>, most: number): AsyncGenerator<Row[]> {
  let portion: Row[] = []
  for await (const row of rows) {
    portion.push(row)
    if (portion.length < most) continue
    yield portion
    portion = []
  }
  if (portion.length > 0) yield portion
}

/** The slow and certain way: what the writer saw against what is there now. */
async function compareViews(context: NamespaceContext, head: NewHead, change: Change): Promise<Sides[] | 'unknown'> {
  if (!change.base) return 'unknown'
  const [seen, now] = [await change.base(), context.views.view(head)]
  const arriving = change.sets.map(set => ({ layer: asLayer(set), namespace: context.name }))
  const sides: Sides[] = []
  for await (const theirs of scanNewest(context.index, arriving, '')) {
    const [base, ours] = await Promise.all([seen.find(theirs.path), now.find(theirs.path)])
    if (await context.values.sameContent(base, ours)) continue
    const newest = change.own && (await now.findOwn(theirs.path))
    if (!newest || !isOwn(change, head, newest)) sides.push({ path: theirs.path, base, ours, theirs })
  }
  return sides
}

const isOwn = ({ own }: Change, head: NewHead, { seq }: Row): boolean =>
  own?.life === head.createdAt && own.seqs.has(seq)

/** Rows that are not committed yet, as a layer. */
export function asLayer(set: RowSet): Layer {
  return 'rows' in set ? { from: 0, to: 0, rows: [...set.rows] } : { from: 0, to: 0, files: [...set.files] }
}
