// A push, step by step: find what the directory changed, store its values, commit them at once, and remember what is in common now.
// A crash in between leaves a note of what was to be committed: the next one finds out whether it was (pushing.ts).
import { ConflictError, MissingObjectError } from '../errors.ts'
import type { Path } from '../names.ts'
import { newId } from '../namespace/object-id.ts'
import type { Row } from '../namespace/row.ts'
import { momentOf } from '../store/grace.ts'
import { concurrently } from './concurrently.ts'
import type { CopyHeader } from './copy-state.ts'
import { hasVanished } from './local-files.ts'
import { Progress } from './progress.ts'
import { bring, type CopyProgress, isSameLife, pull } from './pull.ts'
import { finishPush, forgetPush, notePush } from './pushing.ts'
import { type LocalChange, scanAll, scanHints } from './scan.ts'
import { proving } from './stat.ts'
import { assertTurn, headerOf, type Turn } from './turn.ts'

export interface PushResult {
  /** The commit that was made; undefined when there was nothing to push. */
  readonly seq: number | undefined
  readonly put: number
  readonly deleted: number
}

export interface SyncOptions {
  readonly onProgress?: CopyProgress | undefined
  readonly message?: string | undefined
}

const UPLOADS = 16
const NOTHING: PushResult = { seq: undefined, put: 0, deleted: 0 }

/** `hints`: where to look; with none, everywhere. */
export async function push(turn: Turn, hints: ReadonlySet<Path>, options: SyncOptions): Promise<PushResult> {
  const isBehind = await finishPush(turn)
  if (isBehind || !(await headerOf(turn, turn.state)).head) await bring(turn, options.onProgress)
  try {
    return await pushOnce(turn, hints, options)
  } catch (error) {
    // A base that was swept, as one that others changed: a pull finds out where we stand.
    if (!(error instanceof ConflictError) && !(error instanceof MissingObjectError)) throw error
    const refused = error instanceof ConflictError // then it did not happen, and nobody need be asked
    if (refused) await forgetPush(turn)
    const { conflicts } = await (refused ? bring : pull)(turn, options.onProgress)
    if (conflicts.length > 0) throw error
    return pushOnce(turn, hints, options) // both sides had made the same change
  }
}

async function pushOnce(turn: Turn, hints: ReadonlySet<Path>, options: SyncOptions): Promise<PushResult> {
  const header = await headerOf(turn, turn.state)
  const onProgress = (seen: number) => options.onProgress?.('scan', seen)
  const changes = hints.size > 0 ? await scanHints(turn, hints, onProgress) : await scanAll(turn, onProgress)
  const unsettled = changes.filter(({ path }) => header.conflicts.has(path)).map(({ path }) => path)
  if (unsettled.length > 0) throw new ConflictError(turn.namespace.name, unsettled)
  assertTurn(turn)
  if (changes.length > 0) return commitChanges(turn, header, changes, options)
  await turn.state.flush() // stats that moved without the content
  return NOTHING
}

async function commitChanges(
  turn: Turn,
  header: CopyHeader,
  changes: readonly LocalChange[],
  options: SyncOptions,
): Promise<PushResult> {
  const { namespace, signing, state } = turn
  const began = momentOf(namespace.ambient)
  const uploads = await upload(turn, changes, options)
  const rows = uploads.map(({ row }) => row)
  if (rows.length === 0) return NOTHING
  const base = header.head && namespace.views.view(header.head)
  const id = newId(namespace.ambient)
  await notePush(turn, { commit: id, since: header.head?.seq ?? 0, rows })
  const { message } = options
  const { seq } = await namespace.committer.submit(rows, signing, { id, message, began, ...(base && { base }) })
  await rememberAll(turn, uploads)
  // What others committed in between is still to be pulled: only a head that follows ours directly is reached. The note stays until then.
  const { known } = namespace.head
  if (known?.value.seq === seq && header.head?.seq === seq - 1 && isSameLife(header.head, known.value)) {
    await state.writeHeader({ ...header, head: known.value, etag: known.etag })
    await forgetPush(turn)
  }
  const deleted = rows.filter(row => row.deleted).length
  return { seq, put: rows.length - deleted, deleted }
}

interface Upload {
  readonly change: LocalChange
  readonly row: Row
}

/** Stores the values. A file that went since the scan is left to the next push, which finds out what became of it. */
async function upload(turn: Turn, changes: readonly LocalChange[], options: SyncOptions): Promise<Upload[]> {
  const progress = new Progress(turn.namespace.ambient, files => options.onProgress?.('push', files))
  const uploads = await concurrently(changes, UPLOADS, async change => {
    const row = await rowOf(turn, change)
    progress.add(1)
    return row && { change, row }
  })
  progress.end()
  return uploads.filter(one => one !== undefined)
}

async function rowOf({ namespace, signing, files }: Turn, { path, stat }: LocalChange): Promise<Row | undefined> {
  const { ambient, name, values } = namespace
  const about = { path, seq: 0, at: ambient.now(), author: signing.author }
  if (!stat) return { ...about, in: name, deleted: true }
  try {
    const content = await values.write(name, files.read(path, stat.size))
    return { ...about, ...content, ...(stat.executable && { executable: true }) }
  } catch (error) {
    if (hasVanished(error)) return undefined
    throw error
  }
}

async function rememberAll({ files, state }: Turn, uploads: readonly Upload[]): Promise<void> {
  const now = await files.startedAt()
  for (const { change, row } of uploads) {
    const { path, stat } = change
    const { sha256, executable = false } = row
    // As read for the upload, which was after the stat: if it was changed in between, the stat does not fit and it is hashed again.
    if (stat && sha256) await state.set({ path, sha256, executable, stat: proving(stat, now) })
    else await state.delete(path)
  }
  await state.flush()
}
