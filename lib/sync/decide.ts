// What a pull and a push do about one path: pure decisions on what the copy had, what lies in the directory, and what the
// namespace says. `undefined` stands for "is not there". Local edits are never overwritten silently (G4).

/** The content of one side of a path. */
export interface Side {
  readonly sha256: string
  readonly executable: boolean
}

export type PullStep =
  /** Nothing to do but to remember that both sides agree. */
  | 'agree'
  /** Write what the namespace says. */
  | 'write'
  /** Remove the file. */
  | 'remove'
  /** Only the directory changed it: its own stands, to be pushed. */
  | 'keep'
  /** Both sides changed it: keep the local one and say so. */
  | 'conflict'
  /** Take note of what the namespace says, and leave the file out. */
  | 'skip'
  /** Of a file that was left out: the namespace has it no more. */
  | 'forget'

/** `base`: what the copy and the namespace had in common; `local`: the directory; `theirs`: the namespace now. */
export function decidePull(base: Side | undefined, local: Side | undefined, theirs: Side | undefined): PullStep {
  if (same(local, theirs)) return 'agree'
  if (same(theirs, base)) return 'keep'
  if (!same(local, base)) return 'conflict'
  return theirs ? 'write' : 'remove'
}

/** Whether the directory has something to push for this path. */
export function isLocalChange(base: Side | undefined, local: Side | undefined): boolean {
  return !same(base, local)
}

export function same(a: Side | undefined, b: Side | undefined): boolean {
  if (!a || !b) return a === b
  return a.sha256 === b.sha256 && a.executable === b.executable
}
