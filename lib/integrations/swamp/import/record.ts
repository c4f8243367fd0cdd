// What was last imported, path by path: the common past of swamp and runlet, against which either side's changes are told. A namespace of
// its own in a store within the store, below the one that it is about: no listing, rule or sweep of that one meets it.
import { createHash } from 'node:crypto'
import { parseNamespaceName } from '../../../names.ts'
import { createNamespace, type OpenNamespace, openNamespace } from '../../../namespace/namespace.ts'
import { sweepStore } from '../../../run/sweep/sweep.ts'
import { StoreBelow } from '../../../store/store-below.ts'
import type { Datastore } from './datastore.ts'

const NAME = parseNamespaceName('imported')
const ID_LENGTH = 24
const DAY_MS = 86_400_000

/** Few of its files are wanted twice. */
const CACHE_BYTES = 1024 * 1024

/** Makes the record unless there is one. It belongs to one life of the namespace: a run id can be used again. */
export async function openRecord(
  into: OpenNamespace,
  datastore: Datastore,
  use: 'create' | 'if there is one',
): Promise<OpenNamespace | undefined> {
  const { value: head } = await into.head.current()
  const about = [datastore.url.split('?')[0], datastore.root, head.createdAt].join('\n')
  const id = createHash('sha256').update(about).digest('hex').slice(0, ID_LENGTH)
  const store = new StoreBelow(into.store, `ns/${into.name}/_/imports/${id}/`)
  const record = openNamespace(store, NAME, into.ambient, undefined, CACHE_BYTES)
  if (await record.head.peek()) return record
  if (use !== 'create') return undefined
  await createNamespace(record)
  return record
}

/** Removes what compactions of the record left behind. */
export async function sweepRecord(record: OpenNamespace, author: string): Promise<void> {
  await sweepStore(record.store, record.ambient, { author, dryRun: false, keepMs: DAY_MS, retention: [] })
}
