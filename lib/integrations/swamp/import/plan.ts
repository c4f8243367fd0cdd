// What there is to do, in path order: the paths where swamp differs from what was last imported, with what the namespace has there. Two
// sorted streams side by side, and the namespace asked for a thousand paths at a time: it costs what changed, not what there is.
import { compareBytes, type Path } from '../../../names.ts'
import { findAll } from '../../../namespace/find-all.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { View } from '../../../namespace/view.ts'
import type { Found, Inventory } from './inventory.ts'

/** A path that is to be looked at. */
export interface Step {
  readonly path: Path
  readonly swamp: Found | undefined
  readonly imported: FileRow | undefined
  readonly runlet: FileRow | undefined
}

const BATCH = 1000

interface PlanMeans {
  readonly into: OpenNamespace
  readonly view: View
  readonly inventory: Inventory
  /** The rows of the record. */
  readonly imported: AsyncIterable<FileRow>
  /** Paths that stay as they are. */
  readonly untouched: ReadonlySet<string>
  /** Whether a path is to be looked at though swamp did not change it. */
  readonly alsoUnchanged: boolean
}

export async function* plan(means: PlanMeans): AsyncGenerator<readonly Step[]> {
  let batch: Omit<Step, 'runlet'>[] = []
  for await (const { path, swamp, row: imported } of sideBySide(means.inventory.files(), means.imported)) {
    const pair = { path, swamp, imported }
    if (means.untouched.has(pair.path) || (!means.alsoUnchanged && isUnchanged(pair))) continue
    batch.push(pair)
    if (batch.length < BATCH) continue
    yield await lookedUp(means, batch)
    batch = []
  }
  if (batch.length > 0) yield await lookedUp(means, batch)
}

async function lookedUp({ into, view }: PlanMeans, batch: readonly Omit<Step, 'runlet'>[]): Promise<Step[]> {
  const rows = await findAll(
    into.index,
    view,
    batch.map(({ path }) => path),
  )
  return batch.map(pair => ({ ...pair, runlet: rows.get(pair.path) }))
}

/** The same version of the same object, and nothing more is known of it than was. */
export function isUnchanged({ swamp, imported }: Pick<Step, 'swamp' | 'imported'>): boolean {
  if (!swamp || !imported) return swamp === undefined && imported === undefined
  const isSameVersion = swamp.etag === imported.external?.[1] && swamp.size === imported.size
  return isSameVersion && (swamp.sha256 === undefined || swamp.sha256 === imported.sha256)
}

/** Both in path order, what is of the same path together. */
export async function* sideBySide(
  found: Iterable<Found>,
  rows: AsyncIterable<FileRow>,
): AsyncGenerator<{ path: Path; swamp: Found | undefined; row: FileRow | undefined }> {
  const [left, right] = [found[Symbol.iterator](), rows[Symbol.asyncIterator]()]
  let swamp: Found | undefined = left.next().value
  let row: FileRow | undefined = (await right.next()).value
  while (swamp || row) {
    const order = !row ? -1 : !swamp ? 1 : compareBytes(swamp.path, row.path)
    const path = (order <= 0 ? swamp?.path : row?.path) as Path
    yield { path, swamp: order <= 0 ? swamp : undefined, row: order >= 0 ? row : undefined }
    if (order <= 0) swamp = left.next().value
    if (order >= 0) row = (await right.next()).value
  }
}
