// The history of a namespace: one record a commit. The newest stand in the head; older ones in a chain of immutable segments,
// each naming the one before it. It answers `log`, and whether a commit of unknown outcome happened after all (G5).

import type { Ambient } from '../ambient.ts'
import { CorruptObjectError, MissingObjectError } from '../errors.ts'
import type { NamespaceName } from '../names.ts'
import { MAX_DOCUMENT_BYTES } from '../store/bounded.ts'
import { isTooOld, type Moment, momentOf } from '../store/grace.ts'
import { putImmutable } from '../store/immutable.ts'
import { decodeJson, encodeJson } from '../store/json-object.ts'
import type { ObjectStore } from '../store/object-store.ts'
import * as z from '../vendor/zod.ts'
import { type CommitRecord, commitRecordSchema, type Head, type NewHead } from './head.ts'
import { historyKey } from './keys.ts'
import { newId } from './object-id.ts'
import { idSchema } from './row.ts'

/** The head holds at most so many records; from half of it on a writer prepares to move the older ones out. */
const MAX_RECORDS = 64
/** And so many bytes of them: messages may be long. */
const MAX_RECORDS_BYTES = 16 * 1024
/** So many stay when the older ones move to a segment: whoever waits for its commit looks for it here. */
const KEPT_RECORDS = 16

const segmentSchema = z.object({
  format: z.literal(1),
  commits: z.array(commitRecordSchema).min(1),
  before: z.object({ id: idSchema, to: z.number().int() }).optional(),
})

type Segment = z.infer<typeof segmentSchema>

/** All commits, newest first. */
export async function* readHistory(store: ObjectStore, head: NewHead): AsyncGenerator<CommitRecord> {
  yield* head.commits.toReversed()
  for await (const { commits } of readSegments(store, head)) yield* commits.toReversed()
}

/** The segments, newest first. */
export async function* readSegments(
  store: ObjectStore,
  head: NewHead,
): AsyncGenerator<{ id: string; commits: readonly CommitRecord[] }> {
  for (let segment = head.history; segment; ) {
    const { id } = segment
    const key = historyKey(head.namespace, id)
    const answer = await store.get(key, { maxBytes: MAX_DOCUMENT_BYTES })
    if (answer.status !== 'found') throw new MissingObjectError(key, `the history of "${head.namespace}"`)
    const found = decodeJson(key, answer.body, segmentSchema)
    if (!goesDown(found, segment.to)) throw new CorruptObjectError(key, 'does not hold the commits that it should')
    yield { id, commits: found.commits }
    segment = found.before
  }
}

/** Each segment ends before the one that names it begins, or a chain that leads back to itself would be read for ever. */
function goesDown({ commits, before }: Segment, to: number): boolean {
  const seqs = [...(before ? [before.to] : []), ...commits.map(({ seq }) => seq)]
  return seqs.at(-1) === to && seqs.every((seq, i) => i === 0 || (seqs[i - 1] as number) < seq)
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

interface Means {
  readonly store: ObjectStore
  readonly ambient: Ambient
  readonly name: NamespaceName
}

/** Records that were moved to a segment which no head names yet. */
export interface PreparedSegment {
  readonly moved: readonly CommitRecord[]
  readonly history: NonNullable<Head['history']>
  readonly before: Head['history']
  readonly began: Moment
}

/** Whether it is worth moving records out in the background. */
export const isLong = (head: NewHead): boolean => exceeds(head, 1 / 2)

const bytesOf = (part: unknown): number => Buffer.byteLength(JSON.stringify(part))

const exceeds = ({ commits }: NewHead, part: number): boolean =>
  commits.length > MAX_RECORDS * part || bytesOf(commits) > MAX_RECORDS_BYTES * part

/** How many of the newest stay when the older ones move. */
function keptOf({ commits }: NewHead): number {
  let [count, bytes] = [0, 0]
  for (const commit of commits.slice(-KEPT_RECORDS).toReversed()) {
    bytes += bytesOf(commit)
    if (count > 0 && bytes > MAX_RECORDS_BYTES / 4) break
    count += 1
  }
  return count
}

/** Writes a segment ahead of need, so that the commit that would overflow the head finds it ready. */
export async function prepareHistory(head: Head, means: Means): Promise<PreparedSegment | undefined> {
  return isLong(head) ? writeSegment(head, head.commits.length - keptOf(head), means) : undefined
}

/**
 * Moves old records to a segment when the head holds too many, or when one is prepared. `batch` newest ones stay in any case.
 */
export async function boundHistory<T extends NewHead | Head>(
  head: T,
  means: Means,
  { batch = 0, prepared }: { batch?: number; prepared?: PreparedSegment | undefined } = {},
): Promise<T> {
  if (prepared && continues(head, prepared) && !isTooOld(prepared.began, means)) return without(head, prepared)
  const count = head.commits.length - Math.max(keptOf(head), batch)
  if (count <= 0 || !exceeds(head, 1)) return head
  return without(head, await writeSegment(head, count, means))
}

async function writeSegment(head: NewHead, count: number, means: Means): Promise<PreparedSegment> {
  const moved = head.commits.slice(0, count)
  const began = momentOf(means.ambient)
  const id = newId(means.ambient)
  const segment = { format: 1, commits: moved, ...(head.history && { before: head.history }) }
  await putImmutable(means.store, means.ambient, historyKey(means.name, id), encodeJson(segment))
  return { moved, history: { id, to: moved.at(-1)?.seq ?? 0 }, before: head.history, began }
}

const continues = (head: NewHead, { moved, before }: PreparedSegment): boolean =>
  head.history?.id === before?.id && moved.every((commit, i) => head.commits[i]?.id === commit.id)

const without = <T extends NewHead | Head>(head: T, { moved, history }: PreparedSegment): T => ({
  ...head,
  commits: head.commits.slice(moved.length),
  history,
})
