// Which index files only one of two states of a namespace refers to. Files are immutable, so nothing below a node that both have can
// differ: it costs what changed between them.
import { concurrently } from '../concurrently.ts'
import { MissingObjectError } from '../errors.ts'
import type { NamespaceName } from '../names.ts'
import { type IndexRef, soleSeq } from './head.ts'
import { type IndexStore, LOADS } from './index-store.ts'
import type { PlacedLayer } from './layers.ts'
import { fromStored, type Row } from './row.ts'

/** A file as it stands in a layer. */
export interface PlacedFile {
  readonly ref: IndexRef
  readonly referrer: NamespaceName
  /** The commit of all rows in it, if it is one. */
  readonly seq: number | undefined
  /** The last commit that can be in it. */
  readonly to: number
}

export interface Wanted {
  /** Whether a file of the older state is worth a look, and what lies below it. Default: each is. */
  readonly older?: (file: PlacedFile) => boolean
  /** The same for the newer one. */
  readonly newer?: (file: PlacedFile) => boolean
  /** What only the older state has matters no more than it tells what is new in the newer one: a node of that may stand below one of it. */
  readonly newerAlone?: boolean
  /**
   * The older state may be long past: who deleted a node of it had found what was below it too, so that counts as empty. What of it is
   * still in use counts as newer, which costs a look.
   */
  readonly olderMayBeGone?: boolean
}

interface Side {
  /** All that was found of it, by id. */
  readonly files: Map<string, PlacedFile>
  readonly isWanted: (file: PlacedFile) => boolean
  readonly mayBeGone: boolean
  /** What the other side does not have. */
  readonly only: PlacedFile[]
}

/** The files, nodes included, that only the one and only the other refers to: level by level, from above. */
export async function compareTrees(
  index: IndexStore,
  olderLayers: readonly PlacedLayer[],
  newerLayers: readonly PlacedLayer[],
  wanted: Wanted = {},
): Promise<{ onlyOlder: PlacedFile[]; onlyNewer: PlacedFile[] }> {
  const side = (layers: readonly PlacedLayer[], isWanted: Wanted['newer'], mayBeGone = false): Side => ({
    files: filesOf(layers),
    isWanted: isWanted ?? (() => true),
    mayBeGone,
    only: [],
  })
  const older = side(olderLayers, wanted.older, wanted.olderMayBeGone)
  const newer = side(newerLayers, wanted.newer)
  for (let level = Math.max(topOf(older), topOf(newer)); level >= 0; level--) {
    const upToHere = alone(newer, older).filter(({ ref }) => ref.level <= level)
    const inOlder = wanted.newerAlone && upToHere.length === 0 ? [] : alone(older, newer).filter(isAt(level))
    await Promise.all([openAll(index, inOlder, older), openAll(index, upToHere.filter(isAt(level)), newer)])
  }
  return { onlyOlder: older.only, onlyNewer: newer.only }
}

function filesOf(layers: readonly PlacedLayer[]): Map<string, PlacedFile> {
  const files = layers.flatMap(({ layer, namespace }) =>
    (layer.files ?? []).map(ref => ({ ref, referrer: namespace, seq: soleSeq(layer) ?? ref.seq, to: layer.to })),
  )
  return new Map(files.map(file => [file.ref.id, file]))
}

const topOf = ({ files }: Side): number => Math.max(0, ...[...files.values()].map(({ ref }) => ref.level))

const alone = (side: Side, other: Side): PlacedFile[] =>
  [...side.files.values()].filter(file => !other.files.has(file.ref.id) && side.isWanted(file))

const isAt =
  (level: number) =>
  ({ ref }: PlacedFile): boolean =>
    ref.level === level

/** Notes the files, and adds the children of the nodes among them to their side. */
async function openAll(index: IndexStore, files: readonly PlacedFile[], side: Side): Promise<void> {
  side.only.push(...files)
  const nodes = files.filter(({ ref }) => ref.level > 0)
  await concurrently(nodes, LOADS, async ({ ref, referrer, seq, to }) => {
    const content = await index.load(ref, referrer).catch((error: unknown) => {
      if (!(side.mayBeGone && error instanceof MissingObjectError)) throw error
    })
    if (content?.kind !== 'refs') return
    for (const child of content.refs) {
      side.files.set(child.id, { ref: child, referrer: content.namespace, seq: seq ?? child.seq, to })
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
