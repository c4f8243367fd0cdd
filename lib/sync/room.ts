// Whether what a pull brings can stand in the directory, looked at before anything is written (G10): half a directory would be worse
// than none. Where both sides changed what is in the way, the path that cannot stand is a conflict like that which is in its way, so
// that all else comes; anything else in the way refuses the pull. Nothing is decided here about paths that have room.
import { PathCollisionError } from '../errors.ts'
import type { Path } from '../names.ts'
import type { RowChange } from '../namespace/diff-views.ts'
import { decide } from './apply.ts'
import { type Collision, findCollisions } from './collisions.ts'
import type { CopyHeader } from './copy-state.ts'
import { findObstacles } from './obstacles.ts'
import type { Turn } from './turn.ts'

/**
 * Refuses a pull that could not be brought to its end here, before it begins. Resolves to the paths that must wait, as conflicts: what
 * stands in their way was changed on both sides, or they were in conflict before.
 * @throws PathCollisionError, LinkInCopyError
 */
export async function roomFor(
  turn: Turn,
  changes: readonly RowChange[],
  { conflicts }: CopyHeader,
): Promise<Set<Path>> {
  const removed = new Set<string>(changes.flatMap(({ path, after }) => (after ? [] : [path])))
  const becomes = async (path: string) =>
    removed.has(path) ? (await decide(turn, { path: path as Path, after: undefined })).step : 'keep'
  const added: Path[] = []
  for (const { path, after } of changes) {
    if (!after) continue
    const entry = await turn.state.get(path)
    if (!entry || entry.absent) added.push(path)
  }
  const collisions = await collisionsOf(turn, added, async path => (await becomes(path)) === 'remove')
  const blocked = new Set<Path>()
  for (const [obstacle, path] of collisions)
    if (conflicts.has(path) || (await becomes(obstacle)) === 'conflict') blocked.add(path)
  refuse(collisions.filter(([, path]) => !blocked.has(path)))
  return blocked
}

/** The same where the namespace's side is taken, whatever stands there. @throws PathCollisionError, LinkInCopyError */
export async function assertRoomForAll(turn: Turn, changes: readonly RowChange[]): Promise<void> {
  const removed = new Set<string>(changes.flatMap(({ path, after }) => (after ? [] : [path])))
  const added = changes.flatMap(({ path, after }) => (after ? [path] : []))
  refuse(await collisionsOf(turn, added, async path => removed.has(path)))
}

async function collisionsOf(
  { files }: Turn,
  added: readonly Path[],
  goes: (path: string) => Promise<boolean>,
): Promise<Collision<Path>[]> {
  if (added.length === 0) return []
  const traits = await files.traits()
  return [...findCollisions(added, traits), ...(await findObstacles({ root: files.root, traits, goes }, added))]
}

function refuse(collisions: readonly Collision<Path>[]): void {
  if (collisions.length > 0) throw new PathCollisionError(collisions)
}
