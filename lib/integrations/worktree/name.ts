// The id of a worktree's run, from the name of its branch: readable, valid whatever the branch is called, and told apart from all
// others by chance. Pure.
import type { Segment } from '../../names.ts'
import { parseSegment } from '../../names.ts'

/** With the separator and the characters of chance within the 64 of a segment. */
const MAX_READABLE = 40
/** 41 bits: two worktrees of one branch on two machines meet once in two million million. */
const CHANCE = 8

/** Such as `feature-a-b-k3x9a0zz` for `feature/ä b`; `worktree-…` where nothing of the name can be written. */
export function idOfBranch(branch: string, randomId: string): Segment {
  const readable = branch
    .normalize('NFKD')
    .replace(/\p{Mark}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, MAX_READABLE)
    .replace(/[^a-z0-9]+$/, '')
  return parseSegment(`${readable || 'worktree'}-${randomId.slice(0, CHANCE)}`, 'run id')
}
