// Reading layers: the newest row of one path, and all rows of a prefix in path order. Only the files that can hold what is
// asked for are fetched, and those of one look-up at the same time.
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import { type IndexRef, type Layer, soleSeq } from './head.ts'
import { type IndexContent, mayHold } from './index-file.ts'
import type { IndexStore } from './index-store.ts'
import { fromStored, type Row, type StoredRow } from './row.ts'

/** A layer, and whose head or pin it stands in: references without a namespace mean that one. */
export interface PlacedLayer {
  readonly layer: Layer
  readonly namespace: NamespaceName
}

/** The row of `path` in one layer, a deleted one included; undefined when the layer says nothing of it. */
async function findInLayer(index: IndexStore, placed: PlacedLayer, path: Path): Promise<Row | undefined> {
  const { layer, namespace } = placed
  const seq = soleSeq(layer)
  if (layer.rows) {
    const row = bisect(layer.rows, path)
    return row && fromStored(row, { seq, namespace })
  }
  let level: PlacedRefs = { refs: layer.files ?? [], referrer: namespace, seq }
  for (;;) {
    const ref = level.refs.find(candidate => mayHold(candidate, path))
    if (!ref) return undefined
    const content = await index.load(ref, level.referrer)
    const seqBelow = level.seq ?? ref.seq
    if (content.kind === 'rows') {
      const row = bisect(content.rows, path)
      return row && fromStored(row, { seq: seqBelow, namespace: content.namespace })
    }
    level = { refs: content.refs, referrer: content.namespace, seq: seqBelow }
  }
}

/** References as they stand somewhere: what they mean by themselves, and the commit that all rows below them belong to, if it is one. */
interface PlacedRefs {
  readonly refs: readonly IndexRef[]
  readonly referrer: NamespaceName
  readonly seq: number | undefined
}

/** The newest row of `path` in layers that stand oldest first, a deleted one included. */
export async function findNewest(
  index: IndexStore,
  layers: readonly PlacedLayer[],
  path: Path,
): Promise<Row | undefined> {
  // An inline row costs nothing and hides all that lies below it.
  const inline = layers.findLastIndex(({ layer }) => layer.rows && bisect(layer.rows, path))
  // The rest at once: one round trip, and fingerprints and ranges leave few of them.
  const above = layers.slice(Math.max(inline, 0))
  const rows = await Promise.all(above.map(placed => findInLayer(index, placed, path)))
  return rows.findLast(row => row !== undefined)
}

/** All rows of one layer whose path starts with `prefix`, in path order, deleted ones included. */
export async function* scanLayer(index: IndexStore, placed: PlacedLayer, prefix: string): AsyncGenerator<Row> {
  const { layer, namespace } = placed
  const seq = soleSeq(layer)
  if (layer.rows) {
    for (const row of layer.rows) if (row.path.startsWith(prefix)) yield fromStored(row, { seq, namespace })
    return
  }
  yield* scanLevel(index, { refs: layer.files ?? [], referrer: namespace, seq }, prefix)
}

/** At most so many files are fetched before they are asked for. */
const READ_AHEAD = 8

async function* scanLevel(index: IndexStore, level: PlacedRefs, prefix: string): AsyncGenerator<Row> {
  const refs = level.refs.filter(ref => mayHoldPrefix(ref, prefix))
  // Who goes on reading will want the next ones too, and waits for each of them only once.
  let fetched = 0
  let reached = 0
  try {
    for (const ref of refs) {
      for (const end = Math.min(refs.length, 2 * reached, reached + READ_AHEAD); fetched < end; fetched++) {
        if (fetched > reached) index.fetchAhead(refs[fetched] as IndexRef, level.referrer)
      }
      const content = await index.load(ref, level.referrer)
      reached += 1
      yield* scanFile(index, content, level.seq ?? ref.seq, prefix)
    }
  } finally {
    index.giveUp(refs.slice(reached, fetched), level.referrer)
  }
}

async function* scanFile(
  index: IndexStore,
  content: IndexContent,
  seq: number | undefined,
  prefix: string,
): AsyncGenerator<Row> {
  if (content.kind === 'refs') {
    yield* scanLevel(index, { refs: content.refs, referrer: content.namespace, seq }, prefix)
    return
  }
  for (const row of content.rows) {
    if (row.path.startsWith(prefix)) yield fromStored(row, { seq, namespace: content.namespace })
  }
}

/** All rows of `layers` (oldest first) under `prefix` in path order, the newest row of each path, deleted ones included. */
export async function* scanNewest(
  index: IndexStore,
  layers: readonly PlacedLayer[],
  prefix: string,
): AsyncGenerator<Row> {
  const sources = layers.toReversed().map(placed => scanLayer(index, placed, prefix))
  try {
    const fronts = await Promise.all(sources.map(async source => (await source.next()).value as Row | undefined))
    for (;;) {
      let least: Row | undefined
      // The newest layer stands first, and only a strictly lesser path displaces it.
      for (const row of fronts) if (row && (!least || compareBytes(row.path, least.path) < 0)) least = row
      if (!least) return
      for (const [i, row] of fronts.entries()) {
        if (row?.path === least.path) fronts[i] = (await sources[i]?.next())?.value as Row | undefined
      }
      yield least
    }
  } finally {
    await Promise.all(sources.map(source => source.return(undefined)))
  }
}

export function mayHoldPrefix(ref: IndexRef, prefix: string): boolean {
  if (compareBytes(ref.last, prefix) < 0) return false
  return ref.first.startsWith(prefix) || compareBytes(ref.first, prefix) < 0
}

function bisect(rows: readonly StoredRow[], path: Path): StoredRow | undefined {
  let [low, high] = [0, rows.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const row = rows[middle] as StoredRow
    const order = compareBytes(row.path, path)
    if (order === 0) return row
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
