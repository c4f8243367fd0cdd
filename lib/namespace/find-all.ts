// The rows of many paths at once, newest layer first: a layer is only asked for what the newer ones say nothing of, so what was
// just changed is found where it was changed, and nothing that lies below is fetched for it.
import { concurrently } from '../concurrently.ts'
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import { type IndexRef, soleSeq } from './head.ts'
import { mayHold } from './index-file.ts'
import { type IndexStore, LOADS } from './index-store.ts'
import type { PlacedLayer } from './layers.ts'
import { type FileRow, fromStored, isFile, type Row, type StoredRow } from './row.ts'
import type { View } from './view.ts'

/** Rows by path, of those that exist. `paths` are sorted. */
export async function findAll(index: IndexStore, view: View, paths: readonly Path[]): Promise<Map<Path, FileRow>> {
  const found = new Map<Path, Row>()
  const left = await findIn(index, view.own, paths, found)
  if (left.length > 0) await findIn(index, await view.below(), left, found)
  const files = new Map<Path, FileRow>()
  for (const row of found.values()) if (isFile(row)) files.set(row.path, row)
  return files
}

/** Adds to `found` what the layers (oldest first) say, and resolves to the paths that they say nothing of. */
async function findIn(
  index: IndexStore,
  layers: readonly PlacedLayer[],
  paths: readonly Path[],
  found: Map<Path, Row>,
): Promise<readonly Path[]> {
  let left = paths
  for (const { layer, namespace } of layers.toReversed()) {
    if (left.length === 0) break
    const before = found.size
    const seq = soleSeq(layer)
    if (layer.rows) take(layer.rows, left, row => found.set(row.path, fromStored(row, { seq, namespace })))
    else await takeFromFiles({ index, seq, found }, layer.files ?? [], namespace, left)
    if (found.size > before) left = left.filter(path => !found.has(path))
  }
  return left
}

interface Search {
  readonly index: IndexStore
  readonly seq: number | undefined
  readonly found: Map<Path, Row>
}

async function takeFromFiles(
  search: Search,
  refs: readonly IndexRef[],
  referrer: NamespaceName,
  paths: readonly Path[],
): Promise<void> {
  await concurrently(shares(refs, paths), LOADS, async ([ref, share]) => {
    const content = await search.index.load(ref, referrer)
    const { namespace } = content
    const seq = search.seq ?? ref.seq
    if (content.kind === 'refs') return takeFromFiles({ ...search, seq }, content.refs, namespace, share)
    take(content.rows, share, row => search.found.set(row.path, fromStored(row, { seq, namespace })))
  })
}

/** What each file is asked for. Files and paths are sorted, and files do not overlap. */
function* shares(refs: readonly IndexRef[], paths: readonly Path[]): Generator<[IndexRef, Path[]]> {
  let at = 0
  for (const ref of refs) {
    while (at < paths.length && compareBytes(paths[at] as Path, ref.first) < 0) at += 1
    const share: Path[] = []
    for (; at < paths.length && compareBytes(paths[at] as Path, ref.last) <= 0; at++) {
      if (mayHold(ref, paths[at] as Path)) share.push(paths[at] as Path)
    }
    if (share.length > 0) yield [ref, share]
  }
}

/** Both are sorted: one walk over each. */
function take(rows: readonly StoredRow[], paths: readonly Path[], found: (row: StoredRow) => void): void {
  let at = 0
  for (const row of rows) {
    while (at < paths.length && compareBytes(paths[at] as Path, row.path) < 0) at += 1
    if (at === paths.length) return
    if (paths[at] === row.path) found(row)
  }
}
