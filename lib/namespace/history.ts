// The history of a namespace: one record a commit. The newest stand in the head; older ones in a chain of immutable segments,
// each naming the one before it. It answers `log`, and whether a commit of unknown outcome happened after all (G5).

import { z } from 'zod'
import type { Ambient } from '../ambient.ts'
import { MissingObjectError } from '../errors.ts'
import type { NamespaceName } from '../names.ts'
import { putImmutable } from '../store/immutable.ts'
import { decodeJson, encodeJson } from '../store/json-object.ts'
import type { ObjectStore } from '../store/object-store.ts'
import { type CommitRecord, commitRecordSchema, type Head, type NewHead } from './head.ts'
import { historyKey } from './keys.ts'
import { newId } from './object-id.ts'
import { idSchema } from './row.ts'

/** The head keeps at most so many records, and this many when older ones move to a segment. */
const MAX_RECORDS = 64
const KEPT_RECORDS = 32

const segmentSchema = z.object({
  format: z.literal(1),
  commits: z.array(commitRecordSchema).min(1),
  before: z.object({ id: idSchema, to: z.number().int() }).optional(),
})

/** All commits, newest first. */
export async function* readHistory(store: ObjectStore, head: NewHead): AsyncGenerator<CommitRecord> {
  yield* head.commits.toReversed()
  for (let segment = head.history; segment; ) {
    const key = historyKey(head.namespace, segment.id)
    const answer = await store.get(key)
    if (answer.status !== 'found') throw new MissingObjectError(key, `the history of "${head.namespace}"`)
    const { commits, before } = decodeJson(key, answer.body, segmentSchema)
    yield* commits.toReversed()
    segment = before
  }
}

/** The first record after `since` that `matches`; costs requests only when the head no longer reaches back that far. */
export async function findCommit(
  store: ObjectStore,
  head: NewHead,
  since: number,
  matches: (commit: CommitRecord) => boolean,
): Promise<CommitRecord | undefined> {
  for await (const commit of readHistory(store, head)) {
    if (commit.seq <= since) return undefined
    if (matches(commit)) return commit
    if (commit.seq === since + 1) return undefined
  }
  return undefined
}

/** Moves old records to a segment when the head holds too many. */
export async function boundHistory<T extends NewHead | Head>(
  head: T,
  means: { store: ObjectStore; ambient: Ambient; name: NamespaceName },
): Promise<T> {
  if (head.commits.length <= MAX_RECORDS) return head
  const moved = head.commits.slice(0, -KEPT_RECORDS)
  const id = newId(means.ambient)
  const segment = { format: 1, commits: moved, ...(head.history && { before: head.history }) }
  await putImmutable(means.store, means.ambient, historyKey(means.name, id), encodeJson(segment))
  const to = moved.at(-1)?.seq ?? 0
  return { ...head, commits: head.commits.slice(-KEPT_RECORDS), history: { id, to } }
}
