// Merging neighbouring layers into one that says the same. Shards of the oldest layer that no newer row falls into are kept as
// they are: the cost is that of the shards that are touched, whatever the namespace holds.
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import type { NamespaceContext } from './context.ts'
import { type IndexRef, type Layer, soleSeq } from './head.ts'
import { scanNewest } from './layers.ts'
import { packValues } from './packs.ts'
import { fromStored, type Row } from './row.ts'

/** Inline values below this stay in the index file: a request for them would cost more than they weigh. */
const INLINE_IN_FILES = 48 * 1024

/**
 * Writes the sum of `layers` (oldest first) as index files in the namespace's folder.
 * `complete`: nothing lies below them, so deleted paths can be left out.
 */
export async function mergeLayers(
  context: NamespaceContext,
  layers: readonly Layer[],
  { complete }: { complete: boolean },
): Promise<Layer> {
  const [oldest, newest] = [layers[0] as Layer, layers.at(-1) as Layer]
  const around = { from: oldest.from, to: newest.to, ...(complete && { complete: true as const }) }
  const seq = soleSeq(around)
  // The shards of a single commit leave out its seq, so they cannot stand in a layer of several.
  const base = oldest.files && soleSeq(oldest) === undefined ? oldest.files : []
  const upper = base.length > 0 ? layers.slice(1) : layers
  const rows = await collect(context, upper)
  const packed = packValues(context, rows, INLINE_IN_FILES)
  const merge = mergeInto(context, { refs: base, referrer: context.name, rows: packed.rows, complete, seq })
  const [refs] = await Promise.all([merge, packed.stored])
  return { ...around, files: await context.index.gather(context.name, refs) }
}

async function collect(context: NamespaceContext, layers: readonly Layer[]): Promise<Row[]> {
  const rows: Row[] = []
  const placed = layers.map(layer => ({ layer, namespace: context.name }))
  for await (const row of scanNewest(context.index, placed, '')) rows.push(row)
  return rows
}

interface Merge {
  readonly refs: readonly IndexRef[]
  /** The namespace that references without one mean. */
  readonly referrer: NamespaceName
  /** Newer rows, sorted. */
  readonly rows: readonly Row[]
  readonly complete: boolean
  readonly seq: number | undefined
}

/** The references with `rows` merged into those that they fall into. */
async function mergeInto(context: NamespaceContext, merge: Merge): Promise<IndexRef[]> {
  const { refs, referrer, rows, complete, seq } = merge
  if (refs.length === 0)
    return context.index.write(context.name, complete ? rows.filter(row => !row.deleted) : rows, seq)
  const parts = await Promise.all(
    refs.map(async (ref, i) => {
      const from = i === 0 ? undefined : ref.first
      const share = between(rows, from, refs[i + 1]?.first)
      if (share.length === 0) return [{ ...ref, in: ref.in ?? referrer }]
      const content = await context.index.load(ref, referrer)
      if (content.kind === 'refs') {
        const below = await mergeInto(context, {
          ...merge,
          refs: content.refs,
          referrer: content.namespace,
          rows: share,
        })
        return context.index.nodesOver(context.name, below)
      }
      const older = content.rows.map(row => fromStored(row, { seq: undefined, namespace: content.namespace }))
      const merged = overlay(older, share)
      return context.index.write(context.name, complete ? merged.filter(row => !row.deleted) : merged, seq)
    }),
  )
  return parts.flat()
}

/** The rows from `from` on (undefined: from the first) and before `before`. */
function between(rows: readonly Row[], from: Path | undefined, before: Path | undefined): readonly Row[] {
  const start = from === undefined ? 0 : lowerBound(rows, from)
  const end = before === undefined ? rows.length : lowerBound(rows, before)
  return rows.slice(start, end)
}

function lowerBound(rows: readonly Row[], path: Path): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareBytes((rows[middle] as Row).path, path) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Two sorted lists as one; of a path that both have, the newer row. */
export function overlay(older: readonly Row[], newer: readonly Row[]): Row[] {
  const merged: Row[] = []
  let [i, j] = [0, 0]
  for (;;) {
    const [a, b] = [older[i], newer[j]]
    if (!a && !b) return merged
    const order = a && b ? compareBytes(a.path, b.path) : a ? -1 : 1
    if (order < 0 && a) merged.push(a)
    else if (b) merged.push(b)
    if (order <= 0) i += 1
    if (order >= 0) j += 1
  }
}
