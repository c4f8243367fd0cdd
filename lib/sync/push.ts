// A push, step by step: find what the directory changed, store its values, commit them at once, and remember what is in common now.
// A crash after the commit leaves entries that are older than the directory and the namespace: the next pull sees that both agree.
import { ConflictError, MissingObjectError } from '../errors.ts'
import type { Path } from '../names.ts'
import type { Row } from '../namespace/row.ts'
import { concurrently } from './concurrently.ts'
import type { CopyHeader } from './copy-state.ts'
import { Progress } from './progress.ts'
import { type CopyProgress, isSameLife, pull } from './pull.ts'
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
  if (!(await headerOf(turn, turn.state)).head) await pull(turn, options.onProgress)
  try {
    return await pushOnce(turn, hints, options)
  } catch (error) {
    // A base that was swept, as one that others changed: a pull finds out where we stand.
    if (!(error instanceof ConflictError) && !(error instanceof MissingObjectError)) throw error
    const { conflicts } = await pull(turn, options.onProgress)
    if (conflicts.length > 0) throw error
    return pushOnce(turn, hints, options) // both sides had made the same change
  }
}

async function pushOnce(turn: Turn, hints: ReadonlySet<Path>, options: SyncOptions): Promise<PushResult> {
  const header = await headerOf(turn, turn.state)
  const onProgress = (seen: number) => options.onProgress?.('scan', seen)
  const changes = hints.size > 0 ? await scanHints(turn, hints, onProgress) : await scanAll(turn, onProgress)
  const unsettled = changes.filter(({ path }) => path in header.conflicts).map(({ path }) => path)
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
  const rows = await upload(turn, changes, options)
  const base = header.head && namespace.views.view(header.head)
  const { seq } = await namespace.committer.submit(rows, signing, { message: options.message, ...(base && { base }) })
  await rememberAll(turn, changes, rows)
  // What others committed in between is still to be pulled: only a head that follows ours directly is reached.
  const { known } = namespace.head
  if (known?.value.seq === seq && header.head?.seq === seq - 1 && isSameLife(header.head, known.value))
    await state.writeHeader({ ...header, head: known.value, etag: known.etag })
  const deleted = changes.filter(change => !change.local).length
  return { seq, put: changes.length - deleted, deleted }
}

async function upload(turn: Turn, changes: readonly LocalChange[], options: SyncOptions): Promise<Row[]> {
  const { ambient, name, values } = turn.namespace
  const rows: Row[] = []
  const progress = new Progress(ambient, files => options.onProgress?.('push', files))
  await concurrently(changes, UPLOADS, async ({ path, stat }, position) => {
    const about = { path, seq: 0, at: ambient.now(), author: turn.signing.author }
    if (stat) {
      const content = await values.write(name, turn.files.read(path, stat.size))
      rows[position] = { ...about, ...content, ...(stat.executable && { executable: true }) }
    } else rows[position] = { ...about, in: name, deleted: true }
    progress.add(1)
  })
  progress.end()
  return rows
}

async function rememberAll(
  { files, state }: Turn,
  changes: readonly LocalChange[],
  rows: readonly Row[],
): Promise<void> {
  const now = await files.startedAt()
  for (const [position, { path, stat }] of changes.entries()) {
    const { sha256, executable = false } = rows[position] as Row
    // As read for the upload, which was after the stat: if it was changed in between, the stat does not fit and it is hashed again.
    if (stat && sha256) await state.set({ path, sha256, executable, stat: proving(stat, now) })
    else await state.delete(path)
  }
  await state.flush()
}
