// The grace period of a store: how long an object stays after nothing refers to it any more, for readers that still hold an older
// head. The same for all who use the store, and what a slow writer's age is measured by. Carries G9 together with run/sweep.
//
// Who puts objects and then swaps a head that refers to them may sleep for days in between, and by then a sweep may have taken the
// objects for orphans. So a writer looks at its own age after each head that it reads, and a sweep swaps the head before it looks for
// orphans: either the writer's swap fails and it looks again, or the sweep sees what it refers to.
import type { Ambient } from '../ambient.ts'
import type { ObjectStore } from './object-store.ts'

export const DEFAULT_GRACE_MS = 3_600_000

/** What was never referred to is taken for an orphan when it is so many grace periods old; a writer gives up at half of that. */
const ORPHAN_GRACES = 24
/** A fork or refresh that takes longer than this part of the grace period looks again whether a sweep has come between. */
const SHORT_PART = 1 / 8

const graces = new WeakMap<ObjectStore, number>()

export function setGrace(store: ObjectStore, ms: number): void {
  graces.set(store, ms)
}

export const graceOf = (store: ObjectStore): number => graces.get(store) ?? DEFAULT_GRACE_MS

export const orphanAgeOf = (store: ObjectStore): number => ORPHAN_GRACES * graceOf(store)

/** A moment on both clocks of this process: one of them can stand still while a machine sleeps, the other can be set. */
export interface Moment {
  readonly wall: number
  readonly monotonic: number
}

export const momentOf = (ambient: Ambient): Moment => ({ wall: ambient.now(), monotonic: ambient.monotonic() })

const since = (moment: Moment, ambient: Ambient): number =>
  Math.max(ambient.now() - moment.wall, ambient.monotonic() - moment.monotonic)

interface Means {
  readonly store: ObjectStore
  readonly ambient: Ambient
}

/** Whether what was put since `began` may be taken for orphans by now, and must not be referred to any more. */
export const isTooOld = (began: Moment, { store, ambient }: Means): boolean =>
  since(began, ambient) >= orphanAgeOf(store) / 2

/** Whether a sweep may have begun and ended since. */
export const isAwhileAgo = (began: Moment, { store, ambient }: Means): boolean =>
  since(began, ambient) >= graceOf(store) * SHORT_PART

/** Whether objects that a head read then refers to may be gone. */
export const isOutOfDate = (read: Moment, { store, ambient }: Means): boolean =>
  since(read, ambient) >= graceOf(store) / 2
