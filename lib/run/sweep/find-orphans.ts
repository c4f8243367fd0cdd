// Objects that nothing ever referred to, or not for long enough for a sweep to see it: of writers that were killed or refused, and what
// was written and overwritten between two sweeps. The keys do not tell the path, so all rows that came since are looked through: they
// are as many as what was written. Only what is a day old is looked at, for a slow writer may yet refer to it (store/grace.ts).
//
// The invariant that keeps it cheap: an index file is put after all that it refers to. So one that was put before the oldest candidate
// refers to none of them, and neither does what lies below it. A listing tells when each was put, by the store's clock.

import { compareTrees, type PlacedFile, rowsOf } from '../../namespace/compare-trees.ts'
import type { Head } from '../../namespace/head.ts'
import { readSegments } from '../../namespace/history.ts'
import { kindPrefix } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { idsFrom } from '../../namespace/object-id.ts'
import { ID } from '../../namespace/row.ts'
import type { View } from '../../namespace/view.ts'
import { orphanAgeOf } from '../../store/grace.ts'
import type { ListEntry } from '../../store/object-store.ts'
import { fileOf, storedValueOf } from './find-dropped.ts'
import type { Doomed } from './garbage-list.ts'
import { formatOfSnapshots, type OrphansState, type Snapshot, snapshotOf } from './snapshots.ts'

/** The store's times may be cut to whole seconds, and a head is read a moment before its time is told. */
const CLOCK_GRAIN_MS = 2_000
/** Ids begin with their writers' clocks: what is listed begins so much earlier. A clock that is further off costs room, no data. */
const CLOCK_SKEW_MS = 86_400_000

/** Machines of one store may disagree by less than that about when something was put. */
const STORE_SKEW_MS = 3_600_000

const KINDS = ['values', 'packs', 'history'] as const

/**
 * What lies in a namespace's folder and was put until then, by the store's clock, may be of earlier runs of its name, which its parent
 * adopted.
 */
export const bornAfter = ({ after }: Pick<Head, 'after'>): number => (after === undefined ? 0 : after + CLOCK_GRAIN_MS)

/** Nothing looked at yet. */
export function firstState(head: Head, now: number): Omit<OrphansState, 'write'> {
  const next = snapshotOf(head, now)
  return {
    format: formatOfSnapshots(next),
    until: bornAfter(head),
    base: { life: next.life, seq: 0, at: 0, layers: [] },
    next,
  }
}

/** Whether it is time to look: what is old enough must be newer than a state that was noted. */
export const isDue = ({ next }: OrphansState, context: OpenNamespace, now: number): boolean =>
  next.at + CLOCK_GRAIN_MS <= now - orphanAgeOf(context.store)

/**
 * `pins`: what open forks hold of this namespace. `held`: what was referred to for so short that no sweep saw it, and one of them still
 * reaches; nobody else would ever find that it is out of use once they have ended. `now`: before anything was looked at; `at`: when
 * the head was read.
 */
export async function findOrphans(
  context: OpenNamespace,
  state: OrphansState,
  { head, at, now, pins }: { head: Head; at: number; now: number; pins: readonly View[] },
): Promise<{ orphans: Doomed[]; held: Doomed[]; next: Omit<OrphansState, 'write'> }> {
  const until = now - orphanAgeOf(context.store)
  const { candidates, mayRefer } = await listPut(context, state.until, until)
  const from = { base: state.base, mayRefer }
  await takeReferred(context, from, context.views.view(head), candidates)
  for await (const { id } of readSegments(context.store, head)) {
    if (id === state.base.history) break
    candidates.delete(id)
  }
  const next = snapshotOf(head, at)
  const held: Doomed[] = []
  for (const pin of pins) held.push(...(await takeReferred(context, from, pin, candidates)))
  return {
    orphans: [...candidates.values()],
    held,
    next: { format: formatOfSnapshots(state.next, next), until, base: state.next, next },
  }
}

type ListedObject = Extract<ListEntry, { kind: 'object' }>

interface Listed {
  /** What lies in the namespace's folder and was put between two moments of the store's clock. */
  readonly candidates: Map<string, Doomed>
  /** Whether an index file, or what lies below it, may refer to one of them. */
  readonly mayRefer: (file: PlacedFile) => boolean
}

async function listPut({ name, store }: OpenNamespace, after: number, until: number): Promise<Listed> {
  const candidates = new Map<string, Doomed>()
  const firstId = idsFrom(after - CLOCK_SKEW_MS)
  const take = (kind: Doomed['kind'], id: string, { lastModified, size }: ListedObject) => {
    if (lastModified > after && lastModified <= until && id >= firstId && ID.test(id))
      candidates.set(id, { kind, in: name, id, bytes: size })
  }
  const list = async function* (prefix: string, startAfter?: string): AsyncGenerator<[string, ListedObject]> {
    for await (const entry of store.list({ prefix, ...(startAfter && { startAfter }) }))
      if (entry.kind === 'object') yield [entry.key.slice(prefix.length), entry]
  }
  for (const kind of KINDS) {
    const prefix = kindPrefix(name, kind)
    for await (const [id, entry] of list(prefix, prefix + firstId)) take(kind, id, entry)
  }
  // All of them, a request for each thousand: by its id alone, one of a writer whose clock is far behind would pass for an old one.
  const old = new Set<string>()
  for await (const [id, entry] of list(kindPrefix(name, 'index'))) {
    take('index', id, entry)
    if (entry.lastModified <= after - STORE_SKEW_MS && id < firstId) old.add(id)
  }
  return { candidates, mayRefer: ({ ref, referrer }) => (ref.in ?? referrer) !== name || !old.has(ref.id) }
}

/** Takes away the candidates that a state refers to, and says where it does. */
async function takeReferred(
  { index }: OpenNamespace,
  { base, mayRefer }: Pick<Listed, 'mayRefer'> & { base: Snapshot },
  view: View,
  candidates: Map<string, Doomed>,
): Promise<Doomed[]> {
  const taken: Doomed[] = []
  if (candidates.size === 0) return taken
  const take = (referred: Doomed | undefined) => {
    if (referred && candidates.delete(referred.id)) taken.push(referred)
  }
  const { onlyNewer } = await compareTrees(index, placed(base, view), view.own, {
    newer: mayRefer,
    newerAlone: true,
    olderMayBeGone: true,
  })
  for (const file of onlyNewer) take(fileOf(file))
  for await (const rows of rowsOf(index, view.own, onlyNewer)) for (const row of rows) take(storedValueOf(row))
  return taken
}

const placed = (base: Snapshot, { namespace }: View) => base.layers.map(layer => ({ layer, namespace }))
