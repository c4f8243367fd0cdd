// Emptying the folder of a run that has ended, and those of the runs that were folded into it. Of a folded run stay the index files and
// values that its parent adopted, until the parent needs them no more; of a discarded one nothing. Heads and leases stay: a run id can be
// used again, its tokens must only grow, and a key that others may write to is never deleted, for stores ignore conditions on a delete.
//
// The id may be in use again at any moment. So the folder is listed before the head is swapped: if that swap is won, all that was
// listed was there before any next run. What is older than this run its parent adopted from the ones before it: that is the parent's.
import { MissingObjectError } from '../../errors.ts'
import { isInFamily, type NamespaceName } from '../../names.ts'
import { compareTrees, rowsOf } from '../../namespace/compare-trees.ts'
import type { Head } from '../../namespace/head.ts'
import { familyPrefix, isLasting } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import { graceOf } from '../../store/grace.ts'
import type { ListEntry } from '../../store/object-store.ts'
import { forksAndSignsAmong, openAmong } from '../pin.ts'
import { fileOf, storedValueOf } from './find-dropped.ts'
import { bornAfter } from './find-orphans.ts'
import { type Doomed, keyOf, putGarbage } from './garbage-list.ts'
import { notNeededBy } from './needed.ts'
import { deleteKeys, openToSweep, type Sweeping } from './sweeping.ts'

/**
 * Resolves to whether it is done with. What of it the parent adopted and needs no more goes on a list of its own, for it was visible a
 * moment ago.
 */
export async function emptyRun(
  parent: OpenNamespace,
  run: NamespaceName,
  parentHead: Head,
  sweeping: Sweeping,
): Promise<boolean> {
  const child = openToSweep(parent.store, run, parent.ambient)
  const version = await child.head.peek()
  const head = version?.value
  // Its parent adopted it, and its own end is still to come: nobody else would note that again.
  if (head?.state === 'sealed') return false
  if (!head || head.emptied || head.state === 'open') return true
  // Of an id that was used before the note may be of an earlier run: whoever reads this one has its grace period too.
  const { lastModified = 0, serverTime = lastModified } = version
  if (serverTime - lastModified < graceOf(parent.store)) return false
  const listed = await listFamily(child)
  // A discard that was cut short may have overlooked one.
  if ((await openAmong(child, forksAndSignsAmong(run, listed).forks)).length > 0) return false
  const adopted = await adoptedOf(child, head)
  if (!adopted) return true
  const kept = new Set(adopted.map(keyOf))
  const after = bornAfter(head.earlier ?? head)
  const unneeded = listed.filter(({ key, lastModified }) => lastModified > after && !kept.has(key) && !isLasting(key))
  if (!sweeping.dryRun) {
    const { write: _, ...rest } = head
    const claimed = await child.head.swap(version, { ...rest, sweeps: head.sweeps + 1 })
    if (!claimed.won) return true
    const unused = await notNeededBy(parent, parent.views.view(parentHead), adopted)
    await putGarbage(parent, { seq: parentHead.seq, items: unused })
    const keys = unneeded.map(({ key }) => key)
    await deleteKeys(parent.store, keys)
    await child.head.swap(claimed.version, tombstone(head))
  }
  for (const { key, size } of unneeded) sweeping.tally.remove(kindOf(key), size)
  return true
}

/** `.../_/index/<id>` is of kind `index`. */
const kindOf = (key: string): string => /\/_\/([a-z]+)\//.exec(key)?.[1] ?? 'other'

type ListedObject = ListEntry & { readonly kind: 'object' }

async function listFamily({ store, name }: OpenNamespace): Promise<ListedObject[]> {
  const objects: ListedObject[] = []
  for await (const entry of store.list({ prefix: familyPrefix(name) })) if (entry.kind === 'object') objects.push(entry)
  return objects
}

/**
 * What the parent adopted of the run, and of those before it that have left things. Undefined when that cannot be told any more: then
 * all stays.
 */
async function adoptedOf(child: OpenNamespace, head: Head): Promise<Doomed[] | undefined> {
  const layers = [...(head.earlier?.layers ?? []), ...(head.state === 'folded' ? head.layers : [])]
  try {
    return await storedIn(child, layers)
  } catch (error) {
    if (error instanceof MissingObjectError) return undefined
    throw error
  }
}

/** The objects of the run's family that layers of its head refer to. */
async function storedIn(child: OpenNamespace, layers: Head['layers']): Promise<Doomed[]> {
  const own = layers.map(layer => ({ layer, namespace: child.name }))
  const { onlyNewer: files } = await compareTrees(child.index, [], own)
  const found = new Map(files.map(file => [file.ref.id, fileOf(file)]))
  for await (const rows of rowsOf(child.index, own, files)) {
    for (const value of rows.map(storedValueOf)) if (value) found.set(value.id, value)
  }
  return [...found.values()].filter(item => isInFamily(child.name, item.in))
}

/** What must be known of a run for ever: how it ended, and the tokens that its next one begins above. */
const tombstone = ({ write: _, history: __, oldBases: ___, earlier: ____, ...head }: Head) => ({
  ...head,
  sweeps: head.sweeps + 1,
  layers: [],
  commits: [],
  emptied: true as const,
})
