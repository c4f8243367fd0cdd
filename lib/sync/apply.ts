// Applying what the namespace changed to the directory, file by file: first all that goes, to make room (a folder may become a
// file, `readme` may become `README`), then what comes. Values are fetched in windows, the small ones of a pack in one request:
// the first pull of many small files is not one request a file.

import { concurrently } from '../concurrently.ts'
import { PathCollisionError } from '../errors.ts'
import type { Path } from '../names.ts'
import type { RowChange } from '../namespace/diff-views.ts'
import { decidePull, type PullStep, type Side, same } from './decide.ts'
import type { CopyEntry } from './entry.ts'
import { type KnownRow, keptValue, knownRow, unreadRow } from './known-row.ts'
import { Progress } from './progress.ts'
import { look } from './scan.ts'
import { proving, type Stat } from './stat.ts'
import { assertTurn, type Turn } from './turn.ts'

export interface Applied {
  readonly written: number
  readonly removed: number
  readonly skipped: number
  /** What the namespace says of paths that both sides changed. */
  readonly conflicts: ReadonlyMap<Path, Side | null>
  /** Paths that are no conflict (any more). */
  readonly settled: readonly Path[]
}

interface ApplyOptions {
  /** Which side wins where both changed a path. Default: neither, it is a conflict. */
  readonly winner?: 'ours' | 'theirs' | undefined
  /** Whether a file may be left out where there is none yet; of its content only note is taken. */
  readonly skip?: ((path: string) => boolean) | undefined
  /** Paths that must wait for a conflict beside them: they are in conflict, too. */
  readonly blocked?: ReadonlySet<Path> | undefined
  readonly onProgress?: ((files: number) => void) | undefined
}

/** How many paths are looked at and fetched together. */
const WINDOW = 1000
const FILES_AT_ONCE = 16

interface Step {
  readonly path: Path
  readonly row: KnownRow | undefined
  /** What the copy and the namespace had in common before. */
  readonly entry: CopyEntry | undefined
  /** Of the file as it was looked at. */
  readonly stat: Stat | undefined
  readonly step: PullStep
}

/**
 * Brings each path to what the namespace says, or finds it in conflict. Takes the changes away: what a first pull brings need not be
 * kept until the last file is written.
 */
export async function applyChanges(turn: Turn, changes: RowChange[], options: ApplyOptions = {}): Promise<Applied> {
  const [conflicts, settled] = [new Map<Path, Side | null>(), [] as Path[]]
  const applied = { written: 0, removed: 0, skipped: 0, conflicts, settled }
  const progress = new Progress(turn.ambient, options.onProgress)
  for (const window of windows(changes)) {
    assertTurn(turn)
    turn.files.lookAgain()
    const steps = await decideAll(turn, window, options)
    await turn.state.intend(
      steps.flatMap(decided => (changesEntry(decided) ? [{ path: decided.path, side: theirsOf(decided) }] : [])),
    )
    await removeAll(turn, steps, options)
    await writeAll(turn, steps, options, progress)
    for (const decided of steps) {
      const { path, row, step } = decided
      if (step === 'agree' && changesEntry(decided)) await remember(turn, decided)
      if (step === 'skip' && row) await turn.state.set({ path, ...sideOf(row), stat: undefined, absent: true })
      if (step === 'forget') await turn.state.delete(path)
      if (step === 'conflict') applied.conflicts.set(path, row ? sideOf(row) : null)
      else applied.settled.push(path)
      if (step === 'write') applied.written += 1
      else progress.add(1)
      if (step === 'remove') applied.removed += 1
      if (step === 'skip') applied.skipped += 1
    }
  }
  progress.end()
  return applied
}

const theirsOf = ({ row }: Step): Side | undefined => row && sideOf(row)

/** Whether the directory has, or will have, what the namespace has, and nothing of that was remembered before. */
const changesEntry = (decided: Step): boolean =>
  decided.step === 'write' ||
  decided.step === 'remove' ||
  (decided.step === 'agree' && (decided.entry?.absent === true || !same(decided.entry, theirsOf(decided))))

function* windows(changes: RowChange[]): Generator<readonly RowChange[]> {
  const sides = [changes.filter(change => !change.after), changes.filter(change => change.after)]
  changes.length = 0
  for (const side of sides) while (side.length > 0) yield side.splice(0, WINDOW)
}

const decideAll = (turn: Turn, changes: readonly RowChange[], options: ApplyOptions): Promise<Step[]> =>
  concurrently(changes, FILES_AT_ONCE, change => decideFor(turn, change, options))

async function decideFor(turn: Turn, change: RowChange, options: ApplyOptions): Promise<Step> {
  const { winner, skip, blocked } = options
  const { path } = change
  let { after } = change
  const entry = await turn.state.get(path)
  if (after && blocked?.has(path)) {
    const row = await knownRow(turn.namespace.values, after)
    return { path, row, entry, stat: undefined, step: 'conflict' }
  }
  if (!winner && entry && !entry.absent && after) {
    // A merge brings rows anew that say what they said before.
    const row = await knownRow(turn.namespace.values, after)
    if (same(entry, sideOf(row))) return { path, row, entry, stat: entry.stat, step: 'keep' }
    after = row
  }
  const decided = await decide(turn, { path, after }, skip)
  if (decided.step === 'conflict' && !winner && turn.derived(path)) return settleFor(turn, decided, 'ours')
  const isSettled = ['agree', 'skip', 'forget'].includes(decided.step)
  return winner && !isSettled ? settleFor(turn, decided, winner) : decided
}

/** What a pull does about one path. */
export async function decide(turn: Turn, { path, after }: RowChange, skip?: ApplyOptions['skip']): Promise<Step> {
  const entry = await turn.state.get(path)
  const { local, stat } = await look(turn, path, entry)
  const isNotHere = !stat && (!entry || entry.absent)
  if (isNotHere && after && skip?.(path)) return { path, row: unreadRow(after), entry, stat, step: 'skip' }
  const row = after && (await knownRow(turn.namespace.values, after))
  const about = { path, row, entry, stat }
  const isLeftOut = entry?.absent && !stat
  if (isLeftOut && !row) return { ...about, step: 'forget' }
  return { ...about, step: isLeftOut ? 'write' : decidePull(entry, local, row && sideOf(row)) }
}

/** `ours`: the directory's own stands, as a change to what the namespace has now: the next push commits it. */
async function settleFor(turn: Turn, decided: Step, winner: 'ours' | 'theirs'): Promise<Step> {
  const { path, row } = decided
  if (winner === 'theirs') return { ...decided, step: row ? 'write' : 'remove' }
  if (row) await turn.state.set({ path, ...sideOf(row), stat: undefined })
  else await turn.state.delete(path)
  return { ...decided, step: 'keep' }
}

async function removeAll(turn: Turn, steps: Step[], options: ApplyOptions): Promise<void> {
  const { files, state } = turn
  for (const position of steps.keys()) {
    await carryOut(turn, steps, { position, options, kind: 'remove' }, async ({ path, stat }) => {
      const removed = await files.remove(path, stat)
      if (removed) await state.delete(path)
      return removed
    })
  }
}

async function writeAll(turn: Turn, steps: Step[], options: ApplyOptions, progress: Progress): Promise<void> {
  const { values } = turn.namespace
  const small = await values.readSmall(steps.flatMap(({ row, step }) => (step === 'write' && row ? [row] : [])))
  await concurrently([...steps.keys()], FILES_AT_ONCE, async position => {
    assertTurn(turn)
    await carryOut(turn, steps, { position, options, kind: 'write' }, async ({ path, row, stat }) => {
      if (!row) return true
      const bytes = small.get(path) ?? keptValue(row)
      const content = bytes ? [bytes] : values.stream(row)
      const written = await turn.files.write(path, content, { executable: row.executable ?? false, instead: stat })
      if (!written) return false
      await turn.state.set({ path, ...sideOf(row), stat: written.proof })
      progress.add(1)
      return true
    })
  })
}

/** Does one step, if it is of that kind. A file that was edited since it was looked at is judged anew, until it was done or is not to be. */
async function carryOut(
  turn: Turn,
  steps: Step[],
  { position, options, kind }: { position: number; options: ApplyOptions; kind: PullStep },
  act: (step: Step) => Promise<boolean>,
): Promise<void> {
  for (let decided = steps[position]; decided?.step === kind; ) {
    if (await act(decided)) return
    decided = await decideFor(turn, { path: decided.path, after: decided.row }, options)
    steps[position] = decided
    // A file that came meanwhile is judged; a folder is nothing that could be, and would be in the way for ever.
    if (decided.step === 'write' && (await turn.files.hasFolder(decided.path)))
      throw new PathCollisionError([[`${decided.path}/`, decided.path]])
  }
}

/** Both sides have the same: take note of it. */
async function remember({ files, state }: Turn, { path, row, stat }: Step): Promise<void> {
  if (!row) return state.delete(path)
  await state.set({ path, ...sideOf(row), stat: stat && proving(stat, await files.startedAt()) })
}

const sideOf = (row: KnownRow): Side => ({ sha256: row.sha256, executable: row.executable ?? false })
