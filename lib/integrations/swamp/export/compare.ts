// What an export does about one path: pure, on what the namespace has, what lies in the datastore, and what both had in common last.
import { compareBytes, type Path } from '../../../names.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { Found, Inventory } from '../import/inventory.ts'
import { sideBySide } from '../import/plan.ts'

export interface Triple {
  readonly path: Path
  /** What the namespace has. */
  readonly row: FileRow | undefined
  /** What lies in the datastore. */
  readonly swamp: Found | undefined
  /** What both had when they were last brought together. */
  readonly imported: FileRow | undefined
}

export type Action =
  /** Both have the same. */
  | 'same'
  | 'put'
  | 'delete'
  /** Only swamp ever had it. */
  | 'keep'
  /** Swamp changed it since, and it would be overwritten. */
  | 'conflict'

/** `hashOf`: reads what lies in the datastore, where only that can tell a conflict from what an export that was cut off has put. */
export async function compare(triple: Triple, hashOf: (swamp: Found) => Promise<string | undefined>): Promise<Action> {
  const action = compareKnown(triple)
  const { row, swamp } = triple
  const mayBeSame = action === 'conflict' && swamp?.sha256 === undefined && swamp?.size === row?.size
  if (!mayBeSame || !swamp || row?.sha256 === undefined) return action
  return (await hashOf(swamp)) === row.sha256 ? 'same' : 'conflict'
}

function compareKnown({ row, swamp, imported }: Triple): Action {
  const isAsImported = swamp === undefined ? imported === undefined : swamp.etag === imported?.external?.[1]
  if (!row) return swamp === undefined ? 'same' : imported === undefined ? 'keep' : isAsImported ? 'delete' : 'conflict'
  if (swamp && hasSame(row, swamp, imported)) return 'same'
  return isAsImported ? 'put' : 'conflict'
}

/** Where no hash tells, the version does that the row refers to, or that it was copied from. */
function hasSame(row: FileRow, swamp: Found, imported: FileRow | undefined): boolean {
  if (row.size !== swamp.size) return false
  if (row.sha256 !== undefined && swamp.sha256 !== undefined) return row.sha256 === swamp.sha256
  const isRecorded = imported?.external?.[1] === swamp.etag && swamp.etag !== undefined
  if (isRecorded && row.external) return row.external[0] === imported?.external?.[0] && row.external[1] === swamp.etag
  return isRecorded && row.sha256 !== undefined && row.sha256 === imported?.sha256
}

/** Three streams in path order, what is of the same path together. */
export async function* triples(
  inventory: Inventory,
  rows: AsyncIterable<FileRow>,
  imported: AsyncIterable<FileRow>,
): AsyncGenerator<Triple> {
  const pairs = sideBySide(inventory.files(), rows)
  const record = imported[Symbol.asyncIterator]()
  let [pair, last] = [(await pairs.next()).value, (await record.next()).value as FileRow | undefined]
  while (pair || last) {
    const order = !last ? -1 : !pair ? 1 : compareBytes(pair.path, last.path)
    const { path, row, swamp } =
      order <= 0 && pair ? pair : { path: last?.path as Path, row: undefined, swamp: undefined }
    yield { path, row, swamp, imported: order >= 0 ? last : undefined }
    if (order <= 0) pair = (await pairs.next()).value
    if (order >= 0) last = (await record.next()).value
  }
}
