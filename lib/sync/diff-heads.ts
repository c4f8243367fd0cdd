// What changed between two views of a namespace. Index files are immutable, so what both views refer to cannot have changed: only
// files and inline layers that one of them has alone are read, whatever the namespace holds (G8).
//
// A row that came since lies in a layer of `after` that `before` does not have, and that reaches beyond the commit of `before`: what was
// merged of older commits only says nothing new. A merge keeps the rows that say `deleted`, unless nothing lies below; of what was
// deleted since and left out, the files tell that `before` has alone. What a path was is never looked up: the copy's own entries are
// the base (decide.ts).
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import { type IndexRef, type Layer, soleSeq } from '../namespace/head.ts'
import type { IndexStore } from '../namespace/index-store.ts'
import { mayHoldPrefix, type PlacedLayer } from '../namespace/layers.ts'
import type { FileRow, StoredRow } from '../namespace/row.ts'
import type { View } from '../namespace/view.ts'
import { concurrently } from './concurrently.ts'
import { findAll, LOADS } from './find-all.ts'

/** A path that may differ, and its row now; undefined where it does not exist. */
export interface RowChange {
  readonly path: Path
  readonly after: FileRow | undefined
}

/** The paths under `prefix` that may differ, in path order. */
export async function diffViews(index: IndexStore, before: View, after: View, prefix: string): Promise<RowChange[]> {
  const sameBase = before.fork === after.fork
  const [older, newer] = sameBase ? [before.own, after.own] : await Promise.all([layersOf(before), layersOf(after)])
  const paths = new Set<Path>()
  // The commits of a namespace and those of what it was forked from are not counted alike.
  const collect = { index, prefix, paths, since: sameBase ? before.seq : -1 }
  collectInline(collect, older, newer)
  await collectFiles(collect, refsOf(older), refsOf(newer), forgets(collect, newer))
  const wanted = [...paths].filter(path => path.startsWith(prefix)).sort(compareBytes)
  const rows = await findAll(index, after, wanted)
  return wanted.map(path => ({ path, after: rows.get(path) }))
}

/** With what lies below a run, which is fetched only when it was moved: the same fork is the same base. */
const layersOf = async (view: View): Promise<readonly PlacedLayer[]> => [...(await view.below()), ...view.own]

/** Whether a merge in between may have left out paths that were deleted. */
const forgets = ({ since }: Collect, newer: readonly PlacedLayer[]): boolean =>
  newer.some(({ layer }) => (layer.forgot ?? 0) > since)

interface Collect {
  readonly index: IndexStore
  readonly prefix: string
  readonly paths: Set<Path>
  /** What both views have at this commit of the newer one, and before, is the same. */
  readonly since: number
}

function collectInline({ paths, since }: Collect, older: readonly PlacedLayer[], newer: readonly PlacedLayer[]): void {
  const [known, now] = [inlineOf(older), inlineOf(newer)]
  for (const [key, { rows }] of known) if (!now.has(key)) add(paths, rows ?? [])
  for (const [key, { rows, to }] of now) if (to > since && !known.has(key)) add(paths, rows ?? [])
}

/** The same key for layers that hold the same. */
function inlineOf(layers: readonly PlacedLayer[]): Map<string, Layer> {
  const inline = layers.filter(({ layer }) => layer.rows)
  return new Map(
    inline.map(({ layer, namespace }) => {
      const { from, to, rows } = layer
      return [`${namespace} ${from} ${to} ${rows?.[0]?.path} ${rows?.length}`, layer]
    }),
  )
}

interface PlacedRef {
  readonly ref: IndexRef
  readonly home: NamespaceName
  /** The last commit that can be in it. */
  readonly to: number
  /** That of all rows in it, if it is one. */
  readonly seq: number | undefined
}

/** Level by level: a node that only one side has is opened, and its children compared with the other side's. */
async function collectFiles(
  collect: Collect,
  older: Map<string, PlacedRef>,
  newer: Map<string, PlacedRef>,
  forgets: boolean,
): Promise<void> {
  const top = Math.max(-1, ...[...older.values(), ...newer.values()].map(({ ref }) => ref.level))
  for (let level = top; level >= 0; level--) {
    const onlyNewer = without(newer, older, level).filter(({ to }) => to > collect.since)
    // Beside a node of the newer side the older one's tell which of its children are new.
    const opensOlder = forgets || (level > 0 && onlyNewer.length > 0)
    const onlyOlder = opensOlder ? without(older, newer, level) : []
    await Promise.all([openAll({ ...collect, since: -1 }, onlyOlder, older), openAll(collect, onlyNewer, newer)])
  }
}

const without = (a: ReadonlyMap<string, PlacedRef>, b: ReadonlyMap<string, PlacedRef>, level: number): PlacedRef[] =>
  [...a.values()].filter(({ ref }) => ref.level === level && !b.has(ref.id))

/** Notes the newer rows of the files that may hold the prefix, and adds the children of the nodes among them to their side. */
async function openAll(
  { index, prefix, paths, since }: Collect,
  placed: readonly PlacedRef[],
  side: Map<string, PlacedRef>,
): Promise<void> {
  const wanted = placed.filter(({ ref }) => mayHoldPrefix(ref, prefix))
  const isNew = (row: StoredRow, seq: number | undefined) => (seq ?? row.seq ?? 0) > since
  await concurrently(wanted, LOADS, async ({ ref, home, to, seq: around }) => {
    const content = await index.load(ref, home)
    const seq = around ?? ref.seq
    if (content.kind === 'rows')
      add(
        paths,
        content.rows.filter(row => isNew(row, seq)),
      )
    else
      for (const child of content.refs) side.set(child.id, { ref: child, home: child.in ?? content.namespace, to, seq })
  })
}

function add(paths: Set<Path>, rows: readonly { path: Path }[]): void {
  for (const { path } of rows) paths.add(path)
}

function refsOf(layers: readonly PlacedLayer[]): Map<string, PlacedRef> {
  const refs = layers.flatMap(({ layer, namespace }) =>
    (layer.files ?? []).map(ref => ({ ref, home: ref.in ?? namespace, to: layer.to, seq: soleSeq(layer) })),
  )
  return new Map(refs.map(placed => [placed.ref.id, placed]))
}
