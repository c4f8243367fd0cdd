// What changed between two views of a namespace. Index files are immutable, so what both views refer to cannot have changed:
// only files and inline layers that one of them has alone are read, whatever the namespace holds (G8).
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import type { IndexRef, Layer } from '../namespace/head.ts'
import type { IndexStore } from '../namespace/index-store.ts'
import type { PlacedLayer } from '../namespace/layers.ts'
import { type FileRow, sameContent } from '../namespace/row.ts'
import type { View } from '../namespace/view.ts'

/** A path that differs; undefined where it does not exist. */
export interface RowChange {
  readonly path: Path
  readonly before: FileRow | undefined
  readonly after: FileRow | undefined
}

/** The paths under `prefix` that differ, in path order. */
export async function diffViews(index: IndexStore, before: View, after: View, prefix: string): Promise<RowChange[]> {
  const [older, newer] = await Promise.all([layersOf(before), layersOf(after)])
  const paths = new Set<Path>()
  await collectUnshared(index, older, newer, paths)
  const wanted = [...paths].filter(path => path.startsWith(prefix)).sort(compareBytes)
  const changes: RowChange[] = []
  for (const path of wanted) {
    const [was, is] = await Promise.all([before.find(path), after.find(path)])
    if (!sameContent(was, is)) changes.push({ path, before: was, after: is })
  }
  return changes
}

const layersOf = async (view: View): Promise<PlacedLayer[]> => [...(await view.below()), ...view.own]

interface PlacedRef {
  readonly ref: IndexRef
  readonly home: NamespaceName
}

async function collectUnshared(
  index: IndexStore,
  a: readonly PlacedLayer[],
  b: readonly PlacedLayer[],
  paths: Set<Path>,
): Promise<void> {
  const [inlineA, inlineB] = [inlineByKey(a), inlineByKey(b)]
  for (const [key, layer] of [...inlineA, ...inlineB]) {
    if (inlineA.has(key) && inlineB.has(key)) continue
    for (const row of layer.rows ?? []) paths.add(row.path)
  }
  await collectFiles(index, refsOf(a), refsOf(b), paths)
}

/** Level by level: a node that only one side has is opened, and its children compared with those of the other side's. */
async function collectFiles(
  index: IndexStore,
  a: ReadonlyMap<string, PlacedRef>,
  b: ReadonlyMap<string, PlacedRef>,
  paths: Set<Path>,
): Promise<void> {
  const [onlyA, onlyB] = [without(a, b), without(b, a)]
  if (onlyA.length + onlyB.length === 0) return
  const [belowA, belowB] = [new Map<string, PlacedRef>(), new Map<string, PlacedRef>()]
  await Promise.all([
    ...onlyA.map(placed => open(index, placed, paths, belowA)),
    ...onlyB.map(placed => open(index, placed, paths, belowB)),
  ])
  await collectFiles(index, belowA, belowB, paths)
}

async function open(
  index: IndexStore,
  { ref, home }: PlacedRef,
  paths: Set<Path>,
  below: Map<string, PlacedRef>,
): Promise<void> {
  const content = await index.load(ref, home)
  if (content.kind === 'rows') for (const row of content.rows) paths.add(row.path)
  else for (const child of content.refs) below.set(child.id, { ref: child, home: child.in ?? content.namespace })
}

const without = (a: ReadonlyMap<string, PlacedRef>, b: ReadonlyMap<string, PlacedRef>): PlacedRef[] =>
  [...a].filter(([id]) => !b.has(id)).map(([, placed]) => placed)

function refsOf(layers: readonly PlacedLayer[]): Map<string, PlacedRef> {
  const refs = layers.flatMap(({ layer, namespace }) =>
    (layer.files ?? []).map(ref => ({ ref, home: ref.in ?? namespace })),
  )
  return new Map(refs.map(placed => [placed.ref.id, placed]))
}

function inlineByKey(layers: readonly PlacedLayer[]): Map<string, Layer> {
  const inline = layers.filter(({ layer }) => layer.rows)
  return new Map(
    inline.map(({ layer, namespace }) => [`${namespace} ${layer.from} ${layer.to} ${layer.rows?.[0]?.path}`, layer]),
  )
}
