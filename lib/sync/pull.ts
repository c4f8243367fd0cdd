// A pull, step by step: what changed, whether it can stand here, apply it, and write down the head that was reached, last. A crash
// before that leaves a copy which follows the older head, and the next pull finds most of it done. Also the settling of conflicts,
// which applies what is known already.
import { MissingObjectError, PathCollisionError } from '../errors.ts'
import { compareBytes, type Path } from '../names.ts'
import type { Head } from '../namespace/head.ts'
import type { View } from '../namespace/view.ts'
import type { Version } from '../store/register.ts'
import { type Applied, applyChanges, decide } from './apply.ts'
import { findCollisions } from './collisions.ts'
import type { CopyHeader } from './copy-state.ts'
import { diffViews, type RowChange } from './diff-heads.ts'
import { findObstacles } from './obstacles.ts'
import { isOurs } from './ours.ts'
import { finishPush, forgetPush } from './pushing.ts'
import { assertTurn, headerOf, type Turn } from './turn.ts'

export interface PullResult {
  /** The commit that the directory is now in step with. */
  readonly seq: number
  readonly written: number
  readonly removed: number
  /** Paths that both sides changed, of this pull and before: the directory has its own. */
  readonly conflicts: readonly string[]
}

/** Told of long work: what is being done, and how many files it has done. */
export type CopyProgress = (step: 'scan' | 'fetch' | 'push', files: number) => void

export async function pull(turn: Turn, onProgress?: CopyProgress): Promise<PullResult> {
  await finishPush(turn)
  return bring(turn, onProgress)
}

/** A pull where no push is left to be finished. */
export async function bring(turn: Turn, onProgress?: CopyProgress): Promise<PullResult> {
  const header = await headerOf(turn, turn.state)
  const { head } = turn.namespace
  const seen = versionOf(header)
  if (seen) head.learn(seen)
  const now = await head.refresh()
  if (now.etag === seen?.etag) {
    await forgetPush(turn)
    return resultOf(now.value.seq, { written: 0, removed: 0 }, header.conflicts)
  }
  const changes = (await changesTo(turn, now.value, header)).filter(change => isOurs(change.path))
  await assertRoom(turn, changes)
  const applied = await applyChanges(turn, changes, undefined, files => onProgress?.('fetch', files))
  assertTurn(turn)
  await turn.state.flush()
  const conflicts = new Map([...header.conflicts, ...applied.conflicts])
  for (const path of applied.settled) conflicts.delete(path)
  await turn.state.writeHeader({ ...header, head: now.value, etag: now.etag, conflicts })
  await forgetPush(turn)
  return resultOf(now.value.seq, applied, conflicts)
}

/** Ends conflicts, all of them or those of the given paths, by what one side has. */
export async function settle(
  turn: Turn,
  side: 'ours' | 'theirs',
  paths: readonly string[] | undefined,
): Promise<PullResult> {
  await finishPush(turn)
  if (!(await headerOf(turn, turn.state)).head) await bring(turn)
  const header = await headerOf(turn, turn.state)
  const chosen = [...header.conflicts.keys()].filter(path => !paths || paths.includes(path))
  const view = header.head && turn.namespace.views.view(header.head)
  const changes = await Promise.all(chosen.map(async path => ({ path, after: await view?.find(path) })))
  const applied = await applyChanges(turn, changes, side)
  await turn.state.flush()
  const conflicts = new Map([...header.conflicts].filter(([path]) => !chosen.includes(path)))
  await turn.state.writeHeader({ ...header, conflicts })
  return resultOf(header.head?.seq ?? 0, applied, conflicts)
}

async function changesTo(turn: Turn, now: Head, header: CopyHeader): Promise<RowChange[]> {
  const { index, views } = turn.namespace
  if (header.head && isSameLife(header.head, now)) {
    try {
      return await diffViews(index, views.view(header.head), views.view(now), turn.prefix)
    } catch (error) {
      if (!(error instanceof MissingObjectError)) throw error // what an old head refers to is swept some day
    }
  }
  return everything(turn, views.view(now), header)
}

/** Every path that the namespace has or that the copy knows of, whether it changed or not. */
async function everything({ state, prefix }: Turn, after: View, header: CopyHeader): Promise<RowChange[]> {
  const changes: RowChange[] = []
  const left = new Set<Path>(header.conflicts.keys())
  for await (const { path } of state.all()) left.add(path)
  for await (const row of after.scan(prefix)) {
    changes.push({ path: row.path, after: row })
    left.delete(row.path)
  }
  for (const path of left) changes.push({ path, after: undefined })
  return changes
}

/** Refuses a pull that could not be brought to its end here, before it begins. @throws PathCollisionError, LinkInCopyError */
async function assertRoom(turn: Turn, changes: readonly RowChange[]): Promise<void> {
  const { files, state } = turn
  const added: Path[] = []
  for (const { path, after } of changes) if (after && !(await state.get(path))) added.push(path)
  if (added.length === 0) return
  const traits = await files.traits()
  const removed = new Set<string>(changes.flatMap(({ path, after }) => (after ? [] : [path])))
  const goes = async (path: string): Promise<boolean> => {
    if (!removed.has(path)) return false
    return (await decide(turn, { path: path as Path, after: undefined })).step === 'remove'
  }
  const collisions = findCollisions(added, traits)
  collisions.push(...(await findObstacles({ root: files.root, traits, goes }, added)))
  if (collisions.length > 0) throw new PathCollisionError(collisions)
}

function resultOf(
  seq: number,
  { written, removed }: Pick<Applied, 'written' | 'removed'>,
  conflicts: CopyHeader['conflicts'],
): PullResult {
  return { seq, written, removed, conflicts: [...conflicts.keys()].sort(compareBytes) }
}

/** A run id that is used again names another namespace: what the old one was forked from may be gone. */
export const isSameLife = (a: Head, b: Head): boolean => a.createdAt === b.createdAt

const versionOf = ({ head, etag }: CopyHeader): Version<Head> | undefined =>
  head && etag ? { value: head, etag: etag as Version<Head>['etag'] } : undefined
