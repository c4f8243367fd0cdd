// What a change relies on beside its own paths (change.ts): whether what came since speaks against it. The process that made the change
// judges for itself. Any other one looks only at what came, and lets it through where nothing of that could matter: so a change that
// waits in the queue of a busy namespace need not come back to its owner for writes that have nothing to do with it.
import { compareBytes } from '../names.ts'
import type { Change } from './change.ts'
import type { NamespaceContext } from './context.ts'
import type { NewHead } from './head.ts'
import { scanNewest } from './layers.ts'

/** The paths of the change that what came since speaks against; 'unknown' when only its owner can tell. */
export async function contradictedBy(
  context: NamespaceContext,
  head: NewHead,
  { since, sinceFork, reliesOn }: Change,
): Promise<readonly string[] | 'unknown'> {
  if (!reliesOn || (head.seq === since && head.base?.fork === sinceFork)) return []
  if (reliesOn.contradicted) return reliesOn.contradicted(context.views.view(head))
  const newer = head.layers.filter(layer => layer.to > since)
  // Of what was deleted, and left out of the bottom layer, no row tells.
  if (head.base?.fork !== sinceFork || newer.some(layer => (layer.forgot ?? 0) > since)) return 'unknown'
  const [deletions, writes] = [startsOf(reliesOn.deletions), startsOf(reliesOn.writes)]
  const placed = newer.map(layer => ({ layer, namespace: context.name }))
  for await (const row of scanNewest(context.index, placed, reliesOn.under)) {
    if (row.seq > since && (row.deleted ? deletions : writes)(row.path)) return 'unknown'
  }
  return []
}

/** Whether a path starts with one of them. There may be a thousand, and any number of paths. */
function startsOf(starts: readonly string[]): (path: string) => boolean {
  const sorted = withoutLonger([...starts].sort(compareBytes))
  return path => {
    let [low, high] = [0, sorted.length - 1]
    while (low <= high) {
      const middle = (low + high) >> 1
      const start = sorted[middle] as string
      if (path.startsWith(start)) return true
      if (compareBytes(start, path) < 0) low = middle + 1
      else high = middle - 1
    }
    return false
  }
}

/** Of sorted ones, those that start with no other one. */
function withoutLonger(sorted: readonly string[]): string[] {
  const kept: string[] = []
  for (const start of sorted) {
    const last = kept.at(-1)
    if (last === undefined || !start.startsWith(last)) kept.push(start)
  }
  return kept
}
