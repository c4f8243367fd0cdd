// A push in two halves: what is prepared has its values in the store, and nobody sees it until it is published, in one commit. In
// between it is plain JSON, which may travel. One that is never published harms nobody: a sweep takes its values for orphans.
//
// Publishing brings nothing but the paths that it publishes, and judges each by what it was prepared against: a path that is remembered
// as something else by now was changed by somebody, here or there. So it can be done again, and by a copy of a part of the namespace.

import { ConflictError, InvalidArgumentError, MissingObjectError } from '../errors.ts'
import type { Path } from '../names.ts'
import type { Head } from '../namespace/head.ts'
import { findCommit } from '../namespace/history.ts'
import { newId } from '../namespace/object-id.ts'
import { fromStored, idSchema, namespaceSchema, storedRowSchema, toStored } from '../namespace/row.ts'
import type { Version } from '../store/register.ts'
import * as z from '../vendor/zod.ts'
import { type CopyHeader, sideSchema } from './copy-state.ts'
import { same } from './decide.ts'
import { bringPaths, endPush, isSameLife } from './pull.ts'
import { findChanges, NOTHING, type PushResult, resultOf, type SyncOptions } from './push.ts'
import { forgetPush, notePush } from './pushing.ts'
import { afterCommit, footingOf } from './reached.ts'
import { assertTurn, headerOf, type Turn } from './turn.ts'
import { rememberAll, sideOfRow, type Upload, upload } from './upload.ts'

const fileSchema = z.object({
  row: storedRowSchema,
  base: sideSchema.nullable(),
  proof: z.object({ size: z.number(), mtimeMs: z.number(), inode: z.number() }).nullable(),
})

const preparedSchema = z.object({
  format: z.literal(1),
  store: z.string(),
  namespace: namespaceSchema,
  /** The id that the commit is to have. */
  commit: idSchema,
  /** A commit of the namespace that was there before. */
  since: z.number().int().nonnegative(),
  /** When the first value was put, by this machine's clock. */
  began: z.number(),
  files: z.array(fileSchema),
})

/** The first half of a push: plain JSON; what it holds is nobody's business but `publish`'s. */
export interface PreparedPush extends z.infer<typeof preparedSchema> {}

/** Stores the values of what changed. `hints`: where to look; without them, everywhere. */
export async function prepare(
  turn: Turn,
  hints: ReadonlySet<Path> | undefined,
  options: SyncOptions,
): Promise<PreparedPush> {
  const { ambient, name, store } = turn.namespace
  await endPush(turn)
  const began = ambient.now()
  const header = await headerOf(turn, turn.state)
  const changes = await findChanges(turn, header, hints, options)
  const uploads = await upload(turn, changes, files => options.onProgress?.('push', files, changes.length))
  await turn.state.flush() // stats that moved without the content
  const files = uploads.map(({ row, base, proof }) => ({
    row: toStored(row, { seq: 0, namespace: name }),
    base: base ? { sha256: base.sha256, executable: base.executable } : null,
    proof: proof ? { size: proof.size, mtimeMs: proof.mtimeMs, inode: proof.inode } : null,
  }))
  const since = files.length > 0 ? await newestSeq(turn, header) : 0
  return { format: 1, store: store.url, namespace: name, commit: newId(ambient), since, began, files }
}

/** Of the newest head that is known of; asks only when none is. */
async function newestSeq({ namespace: { head } }: Turn, { head: whole, reached }: CopyHeader): Promise<number> {
  const known = [head.known?.value, whole, reached?.head].flatMap(one => (one ? [one.seq] : []))
  return known.length > 0 ? Math.max(...known) : (await head.refresh()).value.seq
}

/** @throws InvalidArgumentError when it was not prepared by this copy's namespace */
export function parsePrepared(
  { namespace: { name, store } }: Pick<Turn, 'namespace'>,
  prepared: unknown,
): PreparedPush {
  const parsed = preparedSchema.safeParse(prepared)
  if (!parsed.success) {
    throw new InvalidArgumentError('prepared', 'is no prepared push', 'Pass what `prepare` resolved to, unchanged.')
  }
  const { namespace, store: url } = parsed.data
  if (namespace === name && url === store.url) return parsed.data
  throw new InvalidArgumentError('prepared', `is for "${namespace}" in ${url}`, `Publish it there, not to "${name}".`)
}

/** So often it looks anew what the namespace has. After a look, only a change that came just then can be in the way. */
const ATTEMPTS = 4

/** Commits what was prepared, or what of it is not in the namespace already. @throws ConflictError, StaleWriteError */
export async function publish(turn: Turn, prepared: PreparedPush, options: SyncOptions): Promise<PushResult> {
  await endPush(turn)
  let looked: Version<Head> | undefined
  for (let attempt = 1; ; attempt++) {
    const left = await undone(turn, prepared)
    if (left.length === 0) return NOTHING
    const base = looked ?? (await footingOfAll(turn, left))
    if (base && (await isCommitted(turn, prepared, base.value))) return NOTHING
    try {
      if (base) return await commitOn(turn, prepared, { left, base, options })
    } catch (error) {
      if (!(error instanceof ConflictError) && !(error instanceof MissingObjectError)) throw error
      if (error instanceof ConflictError) await forgetPush(turn) // then it did not happen, and nobody need be asked
      if (attempt === ATTEMPTS) throw error
      await endPush(turn)
    }
    looked = await lookAt(turn, left)
  }
}

/** What is still to be committed. @throws ConflictError for what was changed otherwise since it was prepared */
async function undone(turn: Turn, prepared: PreparedPush): Promise<Upload[]> {
  const left: Upload[] = []
  const changed: string[] = []
  const { conflicts } = await headerOf(turn, turn.state)
  for (const file of prepared.files) {
    const one = uploadOf(turn, file)
    const { path } = one.row
    const known = await turn.state.get(path)
    if (same(known, sideOfRow(one.row))) continue
    left.push(one)
    if (conflicts.has(path) || !(same(known, one.base) || turn.derived(path))) changed.push(path)
  }
  if (changed.length === 0) return left
  if (await isCommitted(turn, prepared, (await turn.namespace.head.refresh()).value)) return []
  throw new ConflictError(turn.namespace.name, changed)
}

function uploadOf({ namespace }: Turn, { row, base, proof }: z.infer<typeof fileSchema>): Upload {
  const { executable = false } = row
  return {
    row: fromStored(row, { seq: 0, namespace: namespace.name }),
    base: base ?? undefined,
    proof: proof ? { ...proof, executable } : undefined,
  }
}

async function isCommitted({ namespace }: Turn, { commit, since }: PreparedPush, head: Head): Promise<boolean> {
  return (await findCommit(namespace.store, head, since, ({ id }) => id === commit)) !== undefined
}

/** A head that says of each of the paths what the copy remembers; undefined when none is known. */
async function footingOfAll(turn: Turn, left: readonly Upload[]): Promise<Version<Head> | undefined> {
  const header = await headerOf(turn, turn.state)
  const [first, ...others] = left.map(({ row }) => footingOf(header, row.path))
  if (!first || others.some(other => other?.etag !== first.etag)) return undefined
  const { head } = turn.namespace
  if (!head.known) {
    // Others may have committed since this copy was used last: to ask first costs less than a swap in vain.
    head.learn(first)
    await head.refresh()
  }
  return isSameLife(first.value, (await head.current()).value) ? first : undefined
}

async function lookAt(turn: Turn, left: readonly Upload[]): Promise<Version<Head>> {
  const paths = left.map(({ row }) => row.path)
  const { now, conflicts } = await bringPaths(turn, paths)
  if (conflicts.length > 0) throw new ConflictError(turn.namespace.name, conflicts)
  return now
}

async function commitOn(
  turn: Turn,
  { commit: id, began: wall }: PreparedPush,
  how: { left: readonly Upload[]; base: Version<Head>; options: SyncOptions },
): Promise<PushResult> {
  const { namespace, signing, state, ambient } = turn
  const { left, base, options } = how
  const { message, signal } = options
  const rows = left.map(({ row }) => row)
  const began = { wall, monotonic: ambient.monotonic() - Math.max(0, ambient.now() - wall) }
  await notePush(turn, { commit: id, since: base.value.seq, rows })
  assertTurn(turn)
  const view = namespace.views.view(base.value)
  const { seq } = await namespace.committer.submit(rows, signing, { id, message, signal, began, base: view })
  await rememberAll(turn, left)
  await state.flush()
  const { known } = namespace.head
  const isNext = known?.value.seq === seq && base.value.seq === seq - 1 && isSameLife(base.value, known.value)
  const paths = rows.map(({ path }) => path)
  const header = await headerOf(turn, state)
  await state.writeHeader(afterCommit(header, paths, { base, next: isNext ? known : undefined }))
  await forgetPush(turn)
  return resultOf(seq, rows)
}
