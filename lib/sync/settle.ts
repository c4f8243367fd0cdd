// Ends conflicts by what one side has: the directory (its own stands, for the next push) or the namespace. What the namespace has is that
// of the head which the copy follows, so nothing else comes with it. Refused as a whole, before anything is written.
import { InvalidArgumentError } from '../errors.ts'
import type { Path } from '../names.ts'
import { applyChanges } from './apply.ts'
import { bring, endPush, type PullResult, resultOf, rowsNow } from './pull.ts'
import { aheadAt, isUneven } from './reached.ts'
import { assertRoomForAll } from './room.ts'
import { headerOf, type Turn } from './turn.ts'

/**
 * Ends conflicts, all of them or those at and below the given paths, by what one side has.
 * @throws InvalidArgumentError when nothing at a path is in conflict, PathCollisionError; then nothing was done
 */
export async function settle(
  turn: Turn,
  side: 'ours' | 'theirs',
  paths: readonly string[] | undefined,
): Promise<PullResult> {
  await endPush(turn)
  const before = await headerOf(turn, turn.state)
  if (!before.head && !isUneven(before)) await bring(turn)
  const header = await headerOf(turn, turn.state)
  const chosen = chooseConflicts([...header.conflicts.keys()], paths)
  const known = isUneven(header) ? undefined : header.head
  const head = known ?? (await turn.namespace.head.refresh()).value
  const changes = await rowsNow(turn, head, chosen)
  if (side === 'theirs') await assertRoomForAll(turn, changes)
  const applied = await applyChanges(turn, changes, { winner: side })
  const conflicts = new Map([...header.conflicts].filter(([path]) => !chosen.includes(path)))
  await turn.state.writeHeader({ ...(known ? header : aheadAt(header, chosen)), conflicts })
  await turn.state.flush()
  await turn.state.conclude()
  return resultOf(head.seq, applied, conflicts)
}

function chooseConflicts(conflicts: readonly Path[], paths: readonly string[] | undefined): readonly Path[] {
  if (!paths) return conflicts
  const isAt = (conflict: Path, path: string) => path === '' || conflict === path || conflict.startsWith(`${path}/`)
  const idle = paths.find(path => !conflicts.some(conflict => isAt(conflict, path)))
  if (idle !== undefined) {
    throw new InvalidArgumentError('path', `"${idle}" is in no conflict`, '`runlet status` lists conflicts, as C.')
  }
  return conflicts.filter(conflict => paths.some(path => isAt(conflict, path)))
}
