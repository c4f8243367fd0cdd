// Which layers to merge: pure decisions on plain data. Tiered: layers of like size are merged with one another, so that a row is
// rewritten once for each time that the namespace grows fourfold, not once for each commit. The tail (inline layers) costs
// nobody a request, so it does not count; it only must not outgrow the head. The oldest layer is the bottom: however large it is, what
// reaches down to it is pushed into those of its shards where that is worth it (merge-layers.ts).
import type { IndexRef, Layer } from './head.ts'

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
/**
 * Of the head's 64 KiB its layers take at most so much, the tail included, whatever their paths are like: the rest is for commit records.
 * What a fork pins are these layers, so it is small too.
 */
const MAX_LAYERS_BYTES = 44 * 1024
/** A tail below this is not worth a file of its own, when room is needed. */
const SMALL_TAIL_BYTES = 4 * 1024
/** A layer joins a merge when it is at most so many times as large as all newer ones together. */
const RATIO = 4

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part))
const inlineBytes = (layer: Layer): number => (layer.rows ? bytesOf(layer.rows) : 0)
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

/** Of so few rows a merge is over before any writer can come between; by default, as many as a shard has. */
const FEW_ROWS = 1024

/**
 * What brings everything down that is worth it: first the tail goes to files, so that no writer touches what a long merge works on; then
 * all layers with files. Undefined when nothing is to be done.
 */
export function planAll(layers: readonly Layer[], few = FEW_ROWS): Span | undefined {
  const whole = { from: 0, to: layers.length - 1 }
  if (layers.length === 0 || isSettled(layers)) return undefined
  if (rowsIn(layers, whole) <= few) return whole
  const [tail] = planTail(layers, 0)
  return tail ?? whole
}

/** One layer of files, or what waits above the bottom, and no deletion does: there is nothing to merge. */
const isSettled = (layers: readonly Layer[]): boolean =>
  layers[0]?.files !== undefined && (layers.length === 1 || (layers.length === 2 && layers[1]?.clean === true))

/**
 * The newest layers that are alike in size, of at most about `maxRows` rows; undefined when merging is not worth it. Those that reach
 * down to the bottom are pushed down into it.
 */
export function planMerge(
  layers: readonly Layer[],
  maxRows = Number.POSITIVE_INFINITY,
  few = FEW_ROWS,
): Span | undefined {
  const [tail] = planTail(layers, LARGE_TAIL_BYTES)
  if (tail) return tail
  const count = layers.filter(layer => layer.files).length
  if (count < SOME_LAYERS) return undefined
  const to = layers.findLastIndex(layer => layer.files)
  const span = alike(layers, to, maxRows) ?? (count >= MAX_LAYERS / 2 ? newestOf(layers, to, maxRows) : undefined)
  if (!span) return undefined
  const whole = span.from === 1 ? { from: 0, to } : span
  const [between] = rowsIn(layers, whole) > few ? planTail(layers.slice(0, to), 0) : []
  return between && between.from >= span.from ? between : whole
}

/** The layers up to `to`, each at most RATIO times as large as all newer ones together, if enough of them are in files. */
function alike(layers: readonly Layer[], to: number, maxRows: number): Span | undefined {
  let from = to
  let rows = rowsOf(layers[to] as Layer)
  for (let older = layers[from - 1]; older && from > 1; older = layers[from - 1]) {
    if (rowsOf(older) > RATIO * rows || rows + rowsOf(older) > maxRows) break
    rows += rowsOf(older)
    from -= 1
  }
  return filesIn(layers, { from, to }) >= SOME_LAYERS / 2 ? { from, to } : undefined
}

/** Too many layers have come together: the newest of them, some in any case. */
function newestOf(layers: readonly Layer[], to: number, maxRows: number): Span {
  let from = to
  while (from > 1 && (filesIn(layers, { from, to }) < SOME_LAYERS || rowsIn(layers, { from: from - 1, to }) <= maxRows))
    from -= 1
  return { from, to }
}

const within = (layers: readonly Layer[], { from, to }: Span) => layers.slice(from, to + 1)
const filesIn = (layers: readonly Layer[], span: Span) => within(layers, span).filter(layer => layer.files).length
export const rowsIn = (layers: readonly Layer[], span: Span) =>
  within(layers, span).reduce((sum, layer) => sum + rowsOf(layer), 0)

/** What must be merged before another commit may stand: everything but the oldest layer. */
export function planOverflow(layers: readonly Layer[]): Span | undefined {
  return layers.filter(layer => layer.files).length > MAX_LAYERS ? { from: 1, to: layers.length - 1 } : undefined
}

/**
 * Layers whose references are to go into one node each, so that the head has room for all of them: the newest first, for an older one may be
 * what a long merge is at work on, and what it makes is put in place of the layers as it found them.
 */
export function planNodes(layers: readonly Layer[]): ReadonlySet<Layer> {
  const wide = new Set<Layer>()
  let bytes = bytesOf(layers)
  for (const layer of layers.toReversed()) {
    if (bytes <= MAX_LAYERS_BYTES) break
    const { files = [] } = layer
    if (files.length < 2) continue
    wide.add(layer)
    bytes -= bytesOf(files) - bytesOfNode(files)
  }
  return wide
}

const bytesOfNode = (files: readonly IndexRef[]): number => bytesOf({ ...files[0], last: files.at(-1)?.last })

/** What must be merged, now that a layer has one reference or rows, before another commit may stand; undefined when there is room. */
export function planRoom(layers: readonly Layer[]): Span | undefined {
  if (layers.length < 2 || bytesOf(layers) <= MAX_LAYERS_BYTES) return undefined
  const [tail] = planTail(layers, SMALL_TAIL_BYTES)
  if (tail) return tail
  const to = layers.length - 1
  let from = 1
  for (let bytes = 0; from < to; from++) {
    bytes += bytesOf(layers[from - 1])
    if (bytes > MAX_LAYERS_BYTES / 2) break
  }
  return { from: Math.min(from, to - 1), to }
}
