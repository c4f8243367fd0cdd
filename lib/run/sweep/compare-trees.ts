// Which index files only one of two states of a namespace refers to. Files are immutable, so nothing below a node that both have can
// differ: it costs what changed between them.
import { MissingObjectError } from '../../errors.ts'
import type { NamespaceName } from '../../names.ts'
import { type IndexRef, soleSeq } from '../../namespace/head.ts'
import type { IndexStore } from '../../namespace/index-store.ts'
import type { PlacedLayer } from '../../namespace/layers.ts'
import { fromStored, type Row } from '../../namespace/row.ts'
import { concurrently } from '../../sync/concurrently.ts'
import { LOADS } from '../../sync/find-all.ts'

/** A file as it stands in a layer. */
export interface PlacedFile {
  readonly ref: IndexRef
  readonly referrer: NamespaceName
  /** The commit of all rows in it, if it is one. */
  readonly seq: number | undefined
  /** The last commit that can be in it. */
  readonly to: number
}

type Side = Map<string, PlacedFile>

/**
 * The files, nodes included, that only the one and only the other refers to. `isOfInterest`: whether the newer one's file is worth it, and
 * what lies below it.
 */
export async function compareTrees(
  index: IndexStore,
  older: readonly PlacedLayer[],
  newer: readonly PlacedLayer[],
  isOfInterest: (file: PlacedFile) => boolean = () => true,
): Promise<{ onlyOlder: PlacedFile[]; onlyNewer: PlacedFile[] }> {
  const sides: [Side, Side] = [filesOf(older), filesOf(newer)]
  const only: [PlacedFile[], PlacedFile[]] = [[], []]
  const top = Math.max(0, ...sides.flatMap(side => [...side.values()].map(({ ref }) => ref.level)))
  for (let level = top; level >= 0; level--) {
    const alone = sides.map((side, i) => {
      const other = sides[1 - i] as Side
      const atLevel = [...side.values()].filter(({ ref }) => ref.level === level && !other.has(ref.id))
      return i === 0 ? atLevel : atLevel.filter(isOfInterest)
    })
    const [inOlder, inNewer] = alone as [PlacedFile[], PlacedFile[]]
    await Promise.all([openAll(index, inOlder, sides[0], unlessGone), openAll(index, inNewer, sides[1])])
    for (const i of [0, 1]) only[i as 0 | 1].push(...(alone[i] ?? []))
  }
  return { onlyOlder: only[0], onlyNewer: only[1] }
}

function filesOf(layers: readonly PlacedLayer[]): Side {
  const files = layers.flatMap(({ layer, namespace }) =>
    (layer.files ?? []).map(ref => ({ ref, referrer: namespace, seq: soleSeq(layer) ?? ref.seq, to: layer.to })),
  )
  return new Map(files.map(file => [file.ref.id, file]))
}

/**
 * The older state may be long past: who deleted a node of it had found what was below it too, so that counts as empty. What of it is
 * still in use counts as newer, which costs a look.
 */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof MissingObjectError)) throw error
}

const pass = (error: unknown): never => {
  throw error
}

/** Adds the children of the nodes among `files` to their side. */
async function openAll(
  index: IndexStore,
  files: readonly PlacedFile[],
  side: Side,
  onError: (error: unknown) => undefined = pass,
): Promise<void> {
  const nodes = files.filter(({ ref }) => ref.level > 0)
  await concurrently(nodes, LOADS, async ({ ref, referrer, seq, to }) => {
    const content = await index.load(ref, referrer).catch(onError)
    if (content?.kind !== 'refs') return
    for (const child of content.refs) {
      side.set(child.id, { ref: child, referrer: content.namespace, seq: seq ?? child.seq, to })
    }
  })
}

/** The rows of shards, one after the other, and those that stand in the layers themselves. */
export async function* rowsOf(
  index: IndexStore,
  layers: readonly PlacedLayer[],
  files: readonly PlacedFile[],
): AsyncGenerator<readonly Row[]> {
  for (const { layer, namespace } of layers) {
    const seq = soleSeq(layer)
    if (layer.rows) yield layer.rows.map(row => fromStored(row, { seq, namespace }))
  }
  for (const { ref, referrer, seq } of files) {
    if (ref.level > 0) continue
    const content = await index.load(ref, referrer)
    if (content.kind === 'rows') yield content.rows.map(row => fromStored(row, { seq, namespace: content.namespace }))
  }
}
