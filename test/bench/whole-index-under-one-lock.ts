// Today's way, as a baseline to compare with: a namespace is one index, guarded by one lock (locked-index.ts).
import type { ObjectStore } from '../../lib/store/object-store.ts'
import {
  type IndexRow,
  type LockedIndex,
  type LockedWrite,
  prepare,
  removeFrom,
  rowOf,
  writeTo,
} from './locked-index.ts'
import { rowPath } from './parents.ts'

export const WHOLE: LockedIndex = { lock: 'baseline/lock', index: 'baseline/index.json' }

/** Writes one value; resolves to how long it held the lock. */
export function writeUnderLock(store: ObjectStore, write: LockedWrite): Promise<number> {
  return writeTo(store, WHOLE, write)
}

/** Deletes values; resolves to how long it held the lock. */
export function removeUnderLock(store: ObjectStore, paths: readonly string[], limitMs: number): Promise<number> {
  return removeFrom(store, WHOLE, { paths, limitMs })
}

/** An index of so many rows, as if they had been written before; or of the rows given. */
export function prepareIndex(store: ObjectStore, rows: number | Iterable<readonly [string, IndexRow]>): Promise<void> {
  return prepare(store, WHOLE, typeof rows === 'number' ? plainRows(rows) : rows)
}

function* plainRows(rows: number): Generator<[string, IndexRow]> {
  for (let row = 0; row < rows; row++) yield [rowPath(row), rowOf(Buffer.from(`{"row":${row}}`))]
}
