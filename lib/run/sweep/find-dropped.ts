// What a namespace stopped referring to since the last sweep: index files that were merged into others, and the values of paths that
// were written anew or deleted. Three sources, each as long as what changed: the files that only the older state has, the rows in them, and
// what the older state said of every path that has a newer row (which may hide the old one long before a compaction meets it).
import { compareBytes, isInFamily } from '../../names.ts'
import { compareTrees, type PlacedFile, rowsOf } from '../../namespace/compare-trees.ts'
import { findAll } from '../../namespace/find-all.ts'
import type { Head } from '../../namespace/head.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import type { Row } from '../../namespace/row.ts'
import type { View } from '../../namespace/view.ts'
import type { Doomed } from './garbage-list.ts'
import { IdSet } from './id-set.ts'
import { notNeededBy } from './needed.ts'
import { type Snapshot, viewOf } from './snapshots.ts'

/** The stored value of a row, as what might be deleted; undefined when the row holds it itself. */
export function storedValueOf(row: Row): Doomed | undefined {
  const about = { in: row.in, path: row.path }
  if (row.pack) return { kind: 'packs', id: row.pack[0], bytes: row.pack[2], ...about }
  return row.object ? { kind: 'values', id: row.object, bytes: row.size ?? 0, ...about } : undefined
}

export const fileOf = ({ ref, referrer }: Pick<PlacedFile, 'ref' | 'referrer'>): Doomed => {
  const { id, bytes, first: path, level } = ref
  return { kind: 'index', in: ref.in ?? referrer, id, bytes, path, level }
}

/** So many are looked up and told of at a time: who removes a lot must not hold it all. */
const PORTION = 5_000

/** What `head` does not refer to any more, and `seen` did; in portions, each object once. */
export async function* findDropped(context: OpenNamespace, seen: Snapshot, head: Head): AsyncGenerator<Doomed[]> {
  const now = context.views.view(head)
  const known = new IdSet()
  let portion: Doomed[] = []
  for await (const rows of candidates(context, seen, now)) {
    for (const doomed of rows) {
      if (doomed && isInFamily(context.name, doomed.in) && known.add(doomed.id)) portion.push(doomed)
    }
    if (portion.length < PORTION) continue
    yield await notNeededBy(context, now, portion)
    portion = []
  }
  yield await notNeededBy(context, now, portion)
}

async function* candidates(
  context: OpenNamespace,
  seen: Snapshot,
  now: View,
): AsyncGenerator<readonly (Doomed | undefined)[]> {
  const { index } = context
  const before = viewOf(context, seen)
  const { onlyOlder, onlyNewer } = await compareTrees(index, before.own, now.own, { olderMayBeGone: true })
  yield onlyOlder.map(fileOf)
  for await (const rows of rowsOf(index, before.own, onlyOlder)) yield rows.map(storedValueOf)
  const mayBeNewer = onlyNewer.filter(({ to }) => to > seen.seq)
  for await (const rows of rowsOf(index, now.own, mayBeNewer)) {
    const paths = rows.filter(({ seq }) => seq > seen.seq).map(({ path }) => path)
    const old = await findAll(index, before, paths.sort(compareBytes))
    yield [...old.values()].map(storedValueOf)
  }
}
