// Which layers to merge: pure decisions on plain data. Tiered: layers of like size are merged with one another, so that a row is
// rewritten once for each time that the namespace grows fourfold, not once for each commit.
import type { Layer } from './head.ts'

/** Layers `from` to `to`, both inclusive, by their place in the head. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The head carries at most so many bytes of inline rows. */
export const MAX_TAIL_BYTES = 24 * 1024
/** From so many layers on, a merge is worth its requests; at so many it can wait no longer. */
const SOME_LAYERS = 12
const TOO_MANY_LAYERS = 96
/** A layer joins a merge when it is at most so many times as large as all newer ones together. */
const RATIO = 4

const inlineBytes = (layer: Layer): number => (layer.rows ? JSON.stringify(layer.rows).length : 0)
export const tailBytes = (layers: readonly Layer[]): number =>
  layers.reduce((sum, layer) => sum + inlineBytes(layer), 0)

export const rowsOf = (layer: Layer): number =>
  layer.rows?.length ?? layer.files?.reduce((sum, file) => sum + file.rows, 0) ?? 0

/** Runs of inline layers to move to a file each, once they outgrow the head; newest first. */
export function planTail(layers: readonly Layer[]): Span[] {
  if (tailBytes(layers) <= MAX_TAIL_BYTES) return []
  const spans: Span[] = []
  for (let to = layers.length - 1; to >= 0; to--) {
    if (!layers[to]?.rows) continue
    let from = to
    while (from > 0 && layers[from - 1]?.rows) from--
    spans.push({ from, to })
    to = from
  }
  return spans
}

/** The newest layers that are alike in size; undefined when merging is not worth it. `eager` merges all that there is. */
export function planMerge(layers: readonly Layer[], eager: boolean): Span | undefined {
  const to = layers.length - 1
  if (eager) return to > 0 || layers[0]?.rows ? { from: 0, to } : undefined
  if (layers.length < SOME_LAYERS) return undefined
  let from = to
  let rows = rowsOf(layers[to] as Layer)
  for (let older = layers[from - 1]; older && rowsOf(older) <= RATIO * rows; older = layers[from - 1]) {
    rows += rowsOf(older)
    from -= 1
  }
  if (to - from + 1 >= SOME_LAYERS / 2) return { from, to }
  return layers.length >= TOO_MANY_LAYERS ? { from: 1, to } : undefined
}
