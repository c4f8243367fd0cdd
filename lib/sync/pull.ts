// A pull, step by step: what changed, whether it can stand here, apply it, and write down the head that was reached, last. A crash
// before that leaves a copy which follows the older head, and the next pull finds most of it done. Also the fetch of a single file.
import { ExternalObjectError, MissingObjectError } from '../errors.ts'
import { compareBytes, type Path, parsePrefix } from '../names.ts'
import { diffViews, type RowChange } from '../namespace/diff-views.ts'
import { findAll } from '../namespace/find-all.ts'
import type { Head } from '../namespace/head.ts'
import { onNewest } from '../namespace/newest.ts'
import type { View } from '../namespace/view.ts'
import type { Version } from '../store/register.ts'
import { type Applied, applyChanges } from './apply.ts'
import type { CopyHeader } from './copy-state.ts'
import { same } from './decide.ts'
import { finishPush, forgetPush } from './pushing.ts'
import { afterPull, aheadAt, footingOf, isUneven, seenUnder } from './reached.ts'
import { assertRoomForAll, roomFor } from './room.ts'
import { look } from './scan.ts'
import { assertTurn, headerOf, recover, type Turn } from './turn.ts'
import { sideOfRow } from './upload.ts'

/** What a pull brought. */
export interface PullResult {
  /** The commit that the directory is now in step with. */
  readonly seq: number
  /** How many files were written. */
  readonly written: number
  /** How many files were removed. */
  readonly removed: number
  /** Paths that both sides changed, of this pull and before: the directory has its own. */
  readonly conflicts: readonly string[]
}

/** Told of long work: what is being done, how many files it has done, and, but for a scan, of how many. */
export type CopyProgress = (step: 'scan' | 'fetch' | 'push', files: number, total?: number) => void

/** What a pull brings. */
export interface PullOptions {
  /** Told how far it has come. */
  readonly onProgress?: CopyProgress | undefined
  /** Ends it at once. What was brought by then stays, and the next pull brings the rest. */
  readonly signal?: AbortSignal | undefined
  /** Brings only the paths that start with one of them, and leaves all others as they are. Default: all. */
  readonly prefixes?: readonly string[] | undefined
  /**
   * Files for which it is true are left out where there is none yet. `fetch` brings one of them, a pull without it brings all; that
   * there is no such file is no deletion, unless its folder is gone with other files that were there. Default: none.
   */
  readonly skip?: ((path: string) => boolean) | undefined
}

type BringOptions = Omit<PullOptions, 'signal'>

export async function pull(turn: Turn, options: BringOptions = {}): Promise<PullResult> {
  await endPush(turn)
  return bring(turn, options)
}

/** Takes note of a push that was cut short, for what comes next: its paths are ahead of the head that the copy follows. */
export async function endPush(turn: Turn): Promise<void> {
  const paths = await finishPush(turn)
  if (paths.length === 0) return
  await turn.state.writeHeader(aheadAt(await headerOf(turn, turn.state), paths))
  await forgetPush(turn)
}

/** A pull where no push is left to be finished. */
export async function bring(turn: Turn, options: BringOptions = {}): Promise<PullResult> {
  const header = await headerOf(turn, turn.state)
  const [first] = prefixesWithin(turn.prefix, options.prefixes).map(prefix => seenUnder(header, prefix))
  if (first) turn.namespace.head.learn(first)
  return onNewest(turn.namespace, now => inStep(turn, () => bringTo(turn, now, options)))
}

/** Work on the copy that may end early: what it had begun is looked through, as after a crash, so that it can be done again. */
async function inStep<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof MissingObjectError || error instanceof ExternalObjectError) await recover(turn)
    throw error
  }
}

async function bringTo(
  turn: Turn,
  now: Version<Head>,
  { prefixes, skip, onProgress }: BringOptions,
): Promise<PullResult> {
  const header = await headerOf(turn, turn.state)
  const wanted = prefixesWithin(turn.prefix, prefixes)
  const isWhole = wanted.includes(turn.prefix)
  const seen = wanted.map(prefix => seenUnder(header, prefix))
  const isSame = seen.every(one => one?.etag === now.etag)
  const changes = isSame ? [] : await changesUnder(turn, now.value, header, wanted)
  const others = [
    ...(header.absent && !skip ? await leftOut(turn, wanted) : []),
    ...(await reverted(turn, header, wanted)),
  ]
  changes.push(...(await rowsNow(turn, now.value, without(others, changes))))
  if (isSame && changes.length === 0 && !(isWhole && (isUneven(header) || (header.absent && !skip)))) {
    await forgetPush(turn)
    return resultOf(now.value.seq, { written: 0, removed: 0 }, header.conflicts)
  }
  const blocked = await roomFor(turn, changes, header)
  const total = changes.length
  const fetched = (files: number) => onProgress?.('fetch', files, total)
  const applied = await applyChanges(turn, changes, { skip, blocked, onProgress: fetched })
  assertTurn(turn)
  await turn.state.flush()
  const conflicts = conflictsAfter(header, applied)
  const absent = applied.skipped > 0 || (isWhole && !skip ? undefined : header.absent) || undefined
  await turn.state.writeHeader({ ...afterPull(header, now, wanted), conflicts, absent })
  await turn.state.conclude()
  await forgetPush(turn)
  return resultOf(now.value.seq, applied, conflicts)
}

/**
 * Looks what the namespace has now at these paths, and brings it where only the namespace changed them. Resolves to the head that says
 * so, once no path is in conflict; of other paths nothing is brought.
 */
export function bringPaths(turn: Turn, paths: readonly Path[]): Promise<BroughtPaths> {
  return onNewest(turn.namespace, now => inStep(turn, () => bringPathsTo(turn, now, paths)))
}

interface BroughtPaths {
  readonly now: Version<Head>
  readonly conflicts: readonly Path[]
}

async function bringPathsTo(turn: Turn, now: Version<Head>, paths: readonly Path[]): Promise<BroughtPaths> {
  const header = await headerOf(turn, turn.state)
  const unknown = paths.filter(path => footingOf(header, path)?.etag !== now.etag)
  const changes = await rowsNow(turn, now.value, unknown)
  const blocked = await roomFor(turn, changes, header)
  const applied = await applyChanges(turn, changes, { blocked })
  assertTurn(turn)
  // Before what it says is remembered: who comes after a crash must not take that for what the older head says.
  await turn.state.writeHeader({ ...aheadAt(header, unknown), conflicts: conflictsAfter(header, applied) })
  await turn.state.flush()
  await turn.state.conclude()
  return { now, conflicts: [...applied.conflicts.keys()] }
}

/** Brings one file, should there be none; false when the namespace has none either. */
export async function fetch(turn: Turn, path: Path): Promise<boolean> {
  await endPush(turn)
  if (await turn.files.stat(path)) return true
  return onNewest(turn.namespace, now => inStep(turn, () => fetchAt(turn, path, now.value)))
}

async function fetchAt(turn: Turn, path: Path, now: Head): Promise<boolean> {
  const changes = await rowsNow(turn, now, [path])
  const row = changes[0]?.after
  if (!row) return false
  await assertRoomForAll(turn, changes)
  const header = await headerOf(turn, turn.state)
  const isKnown = row.sha256 !== undefined && same(await turn.state.get(path), sideOfRow(row))
  const { written } = await applyChanges(turn, changes, { winner: 'theirs' })
  if (!isKnown) await turn.state.writeHeader(aheadAt(header, [path]))
  await turn.state.flush()
  await turn.state.conclude()
  return written > 0
}

/** What a head says of these paths, sorted. */
export async function rowsNow(turn: Turn, now: Head, paths: readonly Path[]): Promise<RowChange[]> {
  if (paths.length === 0) return []
  const { index, views } = turn.namespace
  const sorted = paths.toSorted(compareBytes)
  const rows = await findAll(index, views.view(now), sorted)
  return sorted.map(path => ({ path, after: rows.get(path) }))
}

/** Those of the prefixes that lie within the copy's own. None of them is the beginning of another. */
function prefixesWithin(own: string, prefixes: readonly string[] | undefined): readonly string[] {
  if (!prefixes) return [own]
  const within = prefixes.map(parsePrefix).flatMap(prefix => {
    if (own.startsWith(prefix)) return [own]
    return prefix.startsWith(own) ? [prefix] : []
  })
  return [...new Set(within)].filter(prefix => !within.some(other => other !== prefix && prefix.startsWith(other)))
}

async function changesUnder(
  turn: Turn,
  now: Head,
  header: CopyHeader,
  prefixes: readonly string[],
): Promise<RowChange[]> {
  const changes: RowChange[] = []
  for (const prefix of prefixes) {
    const seen = seenUnder(header, prefix)?.value
    for (const change of await changesTo(turn, now, { header, seen, prefix }))
      if (turn.includes(change.path)) changes.push(change)
  }
  return changes
}

async function changesTo(
  turn: Turn,
  now: Head,
  from: { header: CopyHeader; seen: Head | undefined; prefix: string },
): Promise<RowChange[]> {
  const { index, views } = turn.namespace
  const { seen, header, prefix } = from
  if (seen && isSameLife(seen, now)) {
    try {
      return await diffViews(index, views.view(seen), views.view(now), prefix)
    } catch (error) {
      if (!(error instanceof MissingObjectError)) throw error // what an old head refers to is swept some day
    }
  }
  return everything(turn, views.view(now), { header, prefix })
}

/** Every path that the namespace has or that the copy knows of, whether it changed or not. */
async function everything(
  { state }: Turn,
  after: View,
  { header, prefix }: { header: CopyHeader; prefix: string },
): Promise<RowChange[]> {
  const changes: RowChange[] = []
  const left = new Set<Path>([...header.conflicts.keys()].filter(path => path.startsWith(prefix)))
  for await (const { path } of state.all()) if (path.startsWith(prefix)) left.add(path)
  for await (const row of after.scan(prefix)) {
    changes.push({ path: row.path, after: row })
    left.delete(row.path)
  }
  for (const path of left) changes.push({ path, after: undefined })
  return changes
}

/** The files under the prefixes that were left out before. */
async function leftOut({ state }: Turn, prefixes: readonly string[]): Promise<Path[]> {
  const paths: Path[] = []
  for await (const { path, absent } of state.all())
    if (absent && prefixes.some(prefix => path.startsWith(prefix))) paths.push(path)
  return paths
}

/** The paths under the prefixes that were in conflict, and that the directory has as one of the sides had them before, or has now. */
async function reverted(turn: Turn, { conflicts }: CopyHeader, prefixes: readonly string[]): Promise<Path[]> {
  const paths: Path[] = []
  for (const [path, theirs] of conflicts) {
    if (!prefixes.some(prefix => path.startsWith(prefix))) continue
    const base = await turn.state.get(path)
    const { local } = await look(turn, path, base)
    if (same(local, base) || same(local, theirs ?? undefined)) paths.push(path)
  }
  return paths
}

const without = (paths: readonly Path[], changes: readonly RowChange[]): Path[] => {
  const known = new Set(changes.map(({ path }) => path))
  return paths.filter(path => !known.has(path))
}

function conflictsAfter({ conflicts }: CopyHeader, applied: Applied): CopyHeader['conflicts'] {
  const after = new Map([...conflicts, ...applied.conflicts])
  for (const path of applied.settled) after.delete(path)
  return after
}

export function resultOf(
  seq: number,
  { written, removed }: Pick<Applied, 'written' | 'removed'>,
  conflicts: CopyHeader['conflicts'],
): PullResult {
  return { seq, written, removed, conflicts: [...conflicts.keys()].sort(compareBytes) }
}

/** A run id that is used again names another namespace: what the old one was forked from may be gone. */
export const isSameLife = (a: Head, b: Head): boolean => a.createdAt === b.createdAt
