// Whether a state of a namespace still refers to objects that are to be deleted. An object is referred to at one path only (a pack at
// those that it ends in), so looking there is enough: it costs what is to be deleted, whatever the namespace holds.
import { compareBytes, type Path } from '../../names.ts'
import { findAll } from '../../namespace/find-all.ts'
import type { IndexStore } from '../../namespace/index-store.ts'
import type { PlacedLayer } from '../../namespace/layers.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { readPackedPaths } from '../../namespace/packs.ts'
import type { View } from '../../namespace/view.ts'
import type { Doomed } from './garbage-list.ts'

/** So many paths are looked up at a time. */
const BATCH = 1024

/** Those of `items` that `view` does not refer to. */
export async function notNeededBy(context: OpenNamespace, view: View, items: readonly Doomed[]): Promise<Doomed[]> {
  const needed = new Set<Doomed>()
  await lookUpValues(context, view, items, needed)
  for (const item of items) {
    if (item.path === undefined) continue
    if (item.kind === 'index' && (await refersTo(context.index, view, item))) needed.add(item)
    if (item.kind === 'packs' && (await holdsPack(context, view, item))) needed.add(item)
  }
  return items.filter(item => !needed.has(item))
}

async function lookUpValues(
  context: OpenNamespace,
  view: View,
  items: readonly Doomed[],
  needed: Set<Doomed>,
): Promise<void> {
  const values = items.filter(item => item.kind === 'values' && item.path !== undefined)
  values.sort((a, b) => compareBytes(a.path as Path, b.path as Path))
  for (let at = 0; at < values.length; at += BATCH) {
    const some = values.slice(at, at + BATCH)
    const rows = await findAll(context.index, view, distinct(some.map(item => item.path as Path)))
    for (const item of some) if (rows.get(item.path as Path)?.object === item.id) needed.add(item)
  }
}

const distinct = (sorted: readonly Path[]): Path[] => sorted.filter((path, i) => path !== sorted[i - 1])

/** What cannot be read any more is taken for needed: it costs room, and no data. */
async function holdsPack(context: OpenNamespace, view: View, { in: namespace, id, bytes }: Doomed): Promise<boolean> {
  const paths = await readPackedPaths(context.store, { namespace, id, size: bytes })
  if (!paths) return false // deleted already
  paths.sort(compareBytes)
  for (let at = 0; at < paths.length; at += BATCH) {
    const rows = await findAll(context.index, view, distinct(paths.slice(at, at + BATCH)))
    for (const row of rows.values()) if (row.pack?.[0] === id) return true
  }
  return false
}

async function refersTo(index: IndexStore, view: View, item: Doomed): Promise<boolean> {
  for (const placed of [...(await view.below()), ...view.own]) if (await layerRefersTo(index, placed, item)) return true
  return false
}

async function layerRefersTo(index: IndexStore, { layer, namespace }: PlacedLayer, item: Doomed): Promise<boolean> {
  const { id, path, level = 0 } = item
  for (let refs = layer.files ?? [], referrer = namespace; ; ) {
    const ref = refs.findLast(({ first }) => compareBytes(first, path as Path) <= 0)
    if (!ref || ref.level < level) return false
    if (ref.id === id) return true
    if (ref.level === 0) return false
    const content = await index.load(ref, referrer)
    if (content.kind !== 'refs') return false
    refs = content.refs as typeof refs
    referrer = content.namespace
  }
}
