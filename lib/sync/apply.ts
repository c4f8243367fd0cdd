// Applying what the namespace changed to the directory, file by file. Values are fetched in windows, the small ones of a pack in one
// request: the first pull of many small files is not one request a file.
import PQueue from 'p-queue'
import type { Path } from '../names.ts'
import type { OpenNamespace } from '../namespace/namespace.ts'
import type { FileRow } from '../namespace/row.ts'
import type { CopyEntry } from './copy-state.ts'
import { decidePull, type PullStep, type Side, same } from './decide.ts'
import type { RowChange } from './diff-heads.ts'
import { look, type ScanMeans } from './scan.ts'

export interface Applied {
  readonly written: number
  readonly removed: number
  /** What the namespace says of paths that both sides changed. */
  readonly conflicts: Record<string, Side | null>
  /** Paths that are no conflict (any more). */
  readonly settled: readonly Path[]
}

/** How many paths are looked at and fetched together. */
const WINDOW = 1000
const WRITERS = 16

type Means = ScanMeans & { readonly namespace: OpenNamespace }

interface Step {
  readonly path: Path
  readonly row: FileRow | undefined
  /** What the copy and the namespace had in common before. */
  readonly entry: CopyEntry | undefined
  readonly step: PullStep
}

/** Brings each path to what the namespace says, or finds it in conflict; `settled` says which side wins then. */
export async function applyChanges(
  means: Means,
  changes: readonly RowChange[],
  winner: 'ours' | 'theirs' | undefined,
  onProgress: (files: number) => void = () => {},
): Promise<Applied> {
  const applied = { written: 0, removed: 0, conflicts: {} as Record<string, Side | null>, settled: [] as Path[] }
  for (let i = 0; i < changes.length; i += WINDOW) {
    const steps = await decideAll(means, changes.slice(i, i + WINDOW), winner)
    await writeAll(means, steps)
    for (const { path, row, step } of steps) {
      if (step === 'conflict') applied.conflicts[path] = row ? sideOf(row) : null
      else applied.settled.push(path)
      if (step === 'write') applied.written += 1
      if (step === 'remove') applied.removed += 1
    }
    onProgress(Math.min(i + WINDOW, changes.length))
  }
  return applied
}

async function decideAll(
  means: Means,
  changes: readonly RowChange[],
  winner: 'ours' | 'theirs' | undefined,
): Promise<Step[]> {
  const queue = new PQueue({ concurrency: WRITERS })
  return queue.addAll(
    changes.map(({ path, after: row }) => async (): Promise<Step> => {
      const entry = await means.state.get(path)
      // A merge brings rows anew that say what they said before.
      if (entry && row && !winner && same(entry, sideOf(row))) return { path, row, entry, step: 'keep' }
      const local = await localSide(means, path, entry)
      const step = decidePull(entry, local, row && sideOf(row))
      if (!winner || step === 'agree') return { path, row, entry, step }
      if (winner === 'theirs') return { path, row, entry, step: row ? 'write' : 'remove' }
      await adopt(means, path, row)
      return { path, row, entry, step: 'keep' }
    }),
  )
}

/** What the directory has: as remembered while its stat is, else as it is. */
async function localSide(means: Means, path: Path, entry: CopyEntry | undefined): Promise<Side | undefined> {
  const change = await look(means, path, entry)
  return change ? change.local : entry
}

/** The directory's own stands, as a change to what the namespace has now: the next push commits it. */
async function adopt(means: Means, path: Path, row: FileRow | undefined): Promise<void> {
  if (!row) return means.state.delete(path)
  await means.state.set({ path, ...sideOf(row), size: row.size, mtimeNs: '0', inode: '0', at: means.ambient.now() })
}

async function writeAll(means: Means, steps: readonly Step[]): Promise<void> {
  // Removals first: a folder may have to make room for a file of the same name.
  for (const { path, step } of steps) {
    if (step !== 'remove') continue
    await means.files.remove(path)
    await means.state.delete(path)
  }
  const rows = steps.flatMap(({ row, step }) => (step === 'write' && row ? [row] : []))
  const small = await means.namespace.values.readSmall(rows)
  const queue = new PQueue({ concurrency: WRITERS })
  await queue.addAll(
    rows.map(row => async () => {
      const bytes = small.get(row.path)
      const content = bytes ? [bytes] : means.namespace.values.stream(row)
      const stat = await means.files.write(row.path, content, row.executable ?? false)
      await means.state.set({ path: row.path, ...sideOf(row), ...stat, at: means.ambient.now() })
    }),
  )
  for (const { path, row, entry, step } of steps) {
    if (step === 'agree' && !same(entry, row && sideOf(row))) await remember(means, path, row)
  }
}

/** Both sides have the same: take note of it. */
async function remember(means: Means, path: Path, row: FileRow | undefined): Promise<void> {
  if (!row) return means.state.delete(path)
  const stat = await means.files.stat(path)
  if (stat) await means.state.set({ path, ...sideOf(row), ...stat, at: means.ambient.now() })
}

const sideOf = (row: FileRow): Side => ({ sha256: row.sha256, executable: row.executable ?? false })
