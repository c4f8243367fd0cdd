// What an import does about one path: pure, on whether the three sides agree. Runlet's own changes are never overwritten silently.

/** What swamp has now, what was last imported, and what the namespace has; undefined where it is not. */
interface Sides<T> {
  readonly swamp: T | undefined
  readonly imported: T | undefined
  readonly runlet: T | undefined
}

type Decision =
  /** Take what swamp has; or nothing, where swamp has none any more. */
  | 'take'
  | 'delete'
  /** The namespace has it already, or swamp did not change it: its row stays. */
  | 'keep'
  /** Both changed it. */
  | 'conflict'

/** Only asked of paths where `swamp` and `imported` differ. */
export async function decide<T>(
  { swamp, imported, runlet }: Sides<T>,
  isSame: (a: T | undefined, b: T | undefined) => Promise<boolean>,
): Promise<Decision> {
  if (await isSame(runlet, swamp)) return 'keep'
  if (!(await isSame(runlet, imported))) return 'conflict'
  return swamp === undefined ? 'delete' : 'take'
}
