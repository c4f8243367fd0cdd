// What changed between two views of a namespace. Index files are immutable, so what both views refer to cannot have changed: only
// files and inline layers that one of them has alone are read, whatever the namespace holds (G8).
//
// A row that came since lies in a layer of `after` that `before` does not have, and that reaches beyond the commit of `before`: what was
// merged of older commits only says nothing new. A merge keeps the rows that say `deleted`, unless nothing lies below; of what was
// deleted since and left out, the files tell that `before` has alone. What a path was is never looked up: who asks knows it.
import { concurrently } from '../concurrently.ts'
import { compareBytes, type Path } from '../names.ts'
import { compareTrees, type PlacedFile } from './compare-trees.ts'
import { findAll } from './find-all.ts'
import type { Layer } from './head.ts'
import { type IndexStore, LOADS } from './index-store.ts'
import { mayHoldPrefix, type PlacedLayer } from './layers.ts'
import type { FileRow } from './row.ts'
import type { View } from './view.ts'

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
  await collectFiles(collect, older, newer)
  const wanted = [...paths].filter(path => path.startsWith(prefix)).sort(compareBytes)
  const rows = await findAll(index, after, wanted)
  return wanted.map(path => ({ path, after: rows.get(path) }))
}

/** With what lies below a run, which is fetched only when it was moved: the same fork is the same base. */
const layersOf = async (view: View): Promise<readonly PlacedLayer[]> => [...(await view.below()), ...view.own]

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

async function collectFiles(
  { index, prefix, paths, since }: Collect,
  older: readonly PlacedLayer[],
  newer: readonly PlacedLayer[],
): Promise<void> {
  const mayHold = ({ ref }: PlacedFile) => mayHoldPrefix(ref, prefix)
  // A merge in between may have left out paths that were deleted.
  const forgets = newer.some(({ layer }) => (layer.forgot ?? 0) > since)
  const { onlyOlder, onlyNewer } = await compareTrees(index, older, newer, {
    older: mayHold,
    newer: file => file.to > since && mayHold(file),
    newerAlone: !forgets,
  })
  const collectRows = (files: readonly PlacedFile[], since: number) =>
    concurrently(files, LOADS, async ({ ref, referrer, seq }) => {
      const content = ref.level === 0 ? await index.load(ref, referrer) : undefined
      if (content?.kind !== 'rows') return
      add(
        paths,
        content.rows.filter(row => (seq ?? row.seq ?? 0) > since),
      )
    })
  await Promise.all([collectRows(forgets ? onlyOlder : [], -1), collectRows(onlyNewer, since)])
}

function add(paths: Set<Path>, rows: readonly { path: Path }[]): void {
  for (const { path } of rows) paths.add(path)
}
