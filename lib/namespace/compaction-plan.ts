// Which layers to merge: pure decisions on plain data. Tiered: layers of like size are merged with one another, so that a row is
// rewritten once for each time that the namespace grows fourfold, not once for each commit. The tail (inline layers) costs
// nobody a request, so it does not count; it only must not outgrow the head.
import type { Layer } from './head.ts'

/** Layers `from` to `to`, both inclusive, by their place in the head. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The head carries at most so many bytes of inline rows. */
export const MAX_TAIL_BYTES = 32 * 1024
/** From so many on they are worth moving out in the background, */
const LARGE_TAIL_BYTES = 20 * 1024
/** and a writer that goes on writing prepares to do so with its next commit. */
export const WARM_TAIL_BYTES = 10 * 1024
/** From so many layers with files on, a merge is worth its requests. */
const SOME_LAYERS = 8
/** With so many the head would grow too large: no further commit before they are merged. */
export const MAX_LAYERS = 100
/** A layer joins a merge when it is at most so many times as large as all newer ones together. */
const RATIO = 4

const inlineBytes = (layer: Layer): number => (layer.rows ? JSON.stringify(layer.rows).length : 0)
export const tailBytes = (layers: readonly Layer[]): number =>
  layers.reduce((sum, layer) => sum + inlineBytes(layer), 0)

export const rowsOf = (layer: Layer): number =>
  layer.rows?.length ?? layer.files?.reduce((sum, file) => sum + file.rows, 0) ?? 0

/** Runs of inline layers to move to a file each once they hold more than `limit` bytes; newest first. */
export function planTail(layers: readonly Layer[], limit: number): Span[] {
  if (tailBytes(layers) <= limit) return []
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

/** All layers, unless there is only one and it is in files already. */
export function planAll(layers: readonly Layer[]): Span | undefined {
  return layers.length > 1 || layers[0]?.rows ? { from: 0, to: layers.length - 1 } : undefined
}

/** The newest layers that are alike in size; undefined when merging is not worth it. */
export function planMerge(layers: readonly Layer[]): Span | undefined {
  const [tail] = planTail(layers, LARGE_TAIL_BYTES)
  if (tail) return tail
  const count = layers.filter(layer => layer.files).length
  if (count < SOME_LAYERS) return undefined
  const to = layers.findLastIndex(layer => layer.files)
  let from = to
  let rows = rowsOf(layers[to] as Layer)
  for (let older = layers[from - 1]; older && rowsOf(older) <= RATIO * rows; older = layers[from - 1]) {
    rows += rowsOf(older)
    from -= 1
  }
  if (layers.slice(from, to + 1).filter(layer => layer.files).length >= SOME_LAYERS / 2) return { from, to }
  return count >= MAX_LAYERS / 2 ? { from: 1, to } : undefined
}

/** What must be merged before another commit may stand: everything but the oldest layer. */
export function planOverflow(layers: readonly Layer[]): Span | undefined {
  return layers.filter(layer => layer.files).length > MAX_LAYERS ? { from: 1, to: layers.length - 1 } : undefined
}
