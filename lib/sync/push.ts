// A push, step by step: find what the directory changed, store its values, commit them at once, and remember what is in common now.
// A crash in between leaves a note of what was to be committed: the next one finds out whether it was (pushing.ts).
import { ConflictError, MissingObjectError } from '../errors.ts'
import type { Path } from '../names.ts'
import { newId } from '../namespace/object-id.ts'
import { momentOf } from '../store/grace.ts'
import type { CopyHeader } from './copy-state.ts'
import { bring, type CopyProgress, endPush, isSameLife, pull } from './pull.ts'
import { forgetPush, notePush } from './pushing.ts'
import { isUneven } from './reached.ts'
import { type LocalChange, scanAll, scanHints } from './scan.ts'
import { assertTurn, headerOf, type Turn } from './turn.ts'
import { rememberAll, upload } from './upload.ts'

/** What a push committed. */
export interface PushResult {
  /** The commit that was made; undefined when there was nothing to push. */
  readonly seq: number | undefined
  /** How many paths it put. */
  readonly put: number
  /** How many paths it deleted. */
  readonly deleted: number
}

/** What all that a copy does can be given. */
export interface SyncOptions {
  /** Told how far it has come. */
  readonly onProgress?: CopyProgress | undefined
  /** Shown by `log`. At most 1,000 characters. */
  readonly message?: string | undefined
  /** Ends it at once. Nothing is committed, or all. */
  readonly signal?: AbortSignal | undefined
}

/** What a push looks at. */
export interface PushOptions extends SyncOptions {
  /** Looks only at these files, and at everything below these folders. Default: at what was named by markDirty, else everywhere. */
  readonly paths?: readonly string[] | undefined
  /**
   * Where a push must see first what the namespace has, it looks at the pushed paths and brings no others: for a copy that holds a
   * part of a large namespace. Default: it pulls.
   */
  readonly narrow?: boolean | undefined
}

export const NOTHING: PushResult = { seq: undefined, put: 0, deleted: 0 }

/** `hints`: where to look; without them, everywhere. */
export async function push(
  turn: Turn,
  hints: ReadonlySet<Path> | undefined,
  options: SyncOptions,
): Promise<PushResult> {
  const { onProgress } = options
  await endPush(turn)
  const header = await headerOf(turn, turn.state)
  if (!header.head || isUneven(header)) await bring(turn, { onProgress })
  try {
    return await pushOnce(turn, hints, options)
  } catch (error) {
    // A base that was swept, as one that others changed: a pull finds out where we stand.
    if (!(error instanceof ConflictError) && !(error instanceof MissingObjectError)) throw error
    const refused = error instanceof ConflictError // then it did not happen, and nobody need be asked
    if (refused) await forgetPush(turn)
    const { conflicts } = await (refused ? bring : pull)(turn, { onProgress })
    if (conflicts.length > 0) throw error
    return pushOnce(turn, hints, options) // both sides had made the same change
  }
}

async function pushOnce(turn: Turn, hints: ReadonlySet<Path> | undefined, options: SyncOptions): Promise<PushResult> {
  const header = await headerOf(turn, turn.state)
  const changes = await findChanges(turn, header, hints, options)
  if (changes.length > 0) return commitChanges(turn, header, changes, options)
  await turn.state.flush() // stats that moved without the content
  return NOTHING
}

/** @throws ConflictError when something changed that is in conflict already */
export async function findChanges(
  turn: Turn,
  header: CopyHeader,
  hints: ReadonlySet<Path> | undefined,
  options: SyncOptions,
): Promise<LocalChange[]> {
  const onProgress = (seen: number) => options.onProgress?.('scan', seen)
  const changes = hints ? await scanHints(turn, hints, onProgress) : await scanAll(turn, onProgress)
  const unsettled = changes.filter(({ path }) => header.conflicts.has(path)).map(({ path }) => path)
  if (unsettled.length > 0) throw new ConflictError(turn.namespace.name, unsettled)
  assertTurn(turn)
  return changes
}

async function commitChanges(
  turn: Turn,
  header: CopyHeader,
  changes: readonly LocalChange[],
  { message, signal, onProgress }: SyncOptions,
): Promise<PushResult> {
  const { namespace, signing, state } = turn
  const began = momentOf(namespace.ambient)
  const uploads = await upload(turn, changes, files => onProgress?.('push', files, changes.length))
  const rows = uploads.map(({ row }) => row)
  if (rows.length === 0) return NOTHING
  const base = header.head && namespace.views.view(header.head)
  const id = newId(namespace.ambient)
  await notePush(turn, { commit: id, since: header.head?.seq ?? 0, rows })
  const { seq } = await namespace.committer.submit(rows, signing, { id, message, began, signal, ...(base && { base }) })
  await rememberAll(turn, uploads)
  await state.flush()
  // What others committed in between is still to be pulled: only a head that follows ours directly is reached. The note stays until then.
  const { known } = namespace.head
  if (known?.value.seq === seq && header.head?.seq === seq - 1 && isSameLife(header.head, known.value)) {
    await state.writeHeader({ ...header, head: known.value, etag: known.etag })
    await forgetPush(turn)
  }
  return resultOf(seq, rows)
}

export function resultOf(seq: number, rows: readonly { readonly deleted?: true | undefined }[]): PushResult {
  const deleted = rows.filter(row => row.deleted).length
  return { seq, put: rows.length - deleted, deleted }
}
