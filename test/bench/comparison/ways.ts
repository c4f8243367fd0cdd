// The five ways that are compared, and one write by each of them: the same code on virtual time and in real processes.
//
// A write is one file of one KiB by a process that has done nothing yet. Today's ways put the file first, then take the lock, pull the
// index, merge a row, push the index and release the lock (locked-index.ts). A run is forked, written to and folded for that one file,
// which is the least that anybody forks a run for.
import type { Ambient } from '../../../lib/ambient.ts'
import type { Namespace, Store } from '../../../lib/runlet.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { BIG_MODEL, contentOf, MODELS, pathOf } from '../index/data.ts'
import { type LockedIndex, removeFrom, writeTo } from '../locked-index.ts'
import { ofModel } from '../one-index-per-model-under-a-lock.ts'
import { NAMESPACES, ofNamespace } from '../whole-index-per-namespace-under-its-lock.ts'
import { WHOLE } from '../whole-index-under-one-lock.ts'

export type LockedWay = 'whole' | 'namespaces' | 'models'
export type WayName = LockedWay | 'direct' | 'runs'

/** Of all ways, in the order in which they are shown. */
export const TITLES: Readonly<Record<WayName, string>> = {
  whole: '(a) whole index, one lock',
  namespaces: '(b) four namespaces, a lock each',
  models: '(c) a file per model, one lock',
  direct: '(d) runlet, direct writes',
  runs: '(e) runlet, a run each',
}
export const WAYS = Object.keys(TITLES) as readonly WayName[]

export const isLocked = (way: WayName): way is LockedWay => way !== 'direct' && way !== 'runs'

/** The namespace of runlet that all write to. */
export const PARENT = 'all'
/** As reported: who does not get the lock in this time gives up. */
export const LIMIT_MS = 60_000
/** Above the versions that are there. */
const FIRST_VERSION = 50_000

/** What belongs to whom: a writer has one model, and with (b) one namespace. */
export interface Place {
  readonly model: number
  readonly namespace: number
}

/** Two of five write to the model that has 40% of the rows, the others to a small one each. */
export function placeOf(writer: number): Place {
  const isBig = writer % 5 === 1 || writer % 5 === 3
  return { model: isBig ? BIG_MODEL : 1 + (writer % (MODELS - 1)), namespace: writer % NAMESPACES }
}

/** A path that nothing has been written to. */
export const freshPath = ({ model }: Place, nth: number): string => pathOf(model, 0, FIRST_VERSION + nth)

export function lockedIndexOf(way: LockedWay, { model, namespace }: Place): LockedIndex {
  if (way === 'whole') return WHOLE
  return way === 'namespaces' ? ofNamespace(namespace) : ofModel(model)
}

/** All index files of a way, and which rows lie in each: with (b) every fourth, with (c) those of a model. */
export function lockedIndexesOf(way: LockedWay): { at: LockedIndex; model?: number; every: number; from: number }[] {
  if (way === 'whole') return [{ at: WHOLE, every: 1, from: 0 }]
  if (way === 'models')
    return Array.from({ length: MODELS }, (_, model) => ({ at: ofModel(model), model, every: 1, from: 0 }))
  return Array.from({ length: NAMESPACES }, (_, from) => ({ at: ofNamespace(from), every: NAMESPACES, from }))
}

/** What a process has in hand. */
export interface Hands {
  readonly objects: ObjectStore
  readonly store: Store
  readonly ambient: Ambient
}

export const contentAt = (path: string): Uint8Array => Buffer.from(contentOf(path))

/** Resolves to how long it held a lock, where it takes one. */
export async function lockedWrite(way: LockedWay, hands: Hands, place: Place, path: string): Promise<number> {
  const write = { path, value: contentAt(path), limitMs: LIMIT_MS }
  return writeTo(hands.objects, lockedIndexOf(way, place), write, hands.ambient)
}

/** Removes paths of one place. */
export async function lockedRemoval(
  way: LockedWay,
  hands: Hands,
  place: Place,
  paths: readonly string[],
): Promise<number> {
  return removeFrom(hands.objects, lockedIndexOf(way, place), { paths, limitMs: LIMIT_MS }, hands.ambient)
}

/** One write by a way of runlet. */
export async function runletWrite(way: 'direct' | 'runs', parent: Namespace, path: string): Promise<void> {
  if (way === 'direct') {
    await parent.put(path, contentAt(path))
    return
  }
  const run = await parent.fork(runIdOf(path))
  await run.put(path, contentAt(path))
  await run.fold()
}

/** The id of the run that is forked for a path. */
export const runIdOf = (path: string): string => path.replaceAll('/', '-')
