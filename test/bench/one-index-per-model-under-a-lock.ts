// Today's best, as a baseline to compare with: the index is cut by model, one file each (locked-index.ts), so that a write pulls and
// pushes no more than the index of its own model. The lock is the namespace's, as it is where this is done; for a write that
// meets no other it costs the same as one for each model.
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { type IndexRow, type LockedIndex, type LockedWrite, prepare, writeTo } from './locked-index.ts'

export const ofModel = (model: number): LockedIndex => ({
  lock: 'baseline/models/lock',
  index: `baseline/models/${model}.json`,
})

/** Writes one value of a model; resolves to how long it held the lock. */
export function writeModelUnderLock(store: ObjectStore, model: number, write: LockedWrite): Promise<number> {
  return writeTo(store, ofModel(model), write)
}

/** The index of a model, as if its rows had been written before. */
export function prepareModel(
  store: ObjectStore,
  model: number,
  rows: Iterable<readonly [string, IndexRow]>,
): Promise<void> {
  return prepare(store, ofModel(model), rows)
}
