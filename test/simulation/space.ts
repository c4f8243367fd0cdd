// One namespace as the witness saw it: every version of its head, with all that could be read at that moment.
import type { Cell, Cells, Head } from './decode.ts'

/** What a reader sees: the cell of each path that has a value. */
export type Sight = ReadonlyMap<string, Cell>

export interface Version {
  readonly head: Head
  /** What the namespace itself says, deletions included. */
  readonly own: Cells
  readonly sight: Sight
}

export class Space {
  readonly name: string
  readonly versions: Version[] = []
  /** The ids of its commits, and the forks that were folded into it. */
  readonly commits = new Set<string>()
  readonly folds = new Set<string>()
  /** The forks that were discarded after they were sealed. */
  readonly refused = new Set<string>()
  /** The greatest token of each lock that a commit was made with. */
  readonly tokens = new Map<string, number>()

  constructor(name: string) {
    this.name = name
  }

  get latest(): Version | undefined {
    return this.versions.at(-1)
  }

  /** What was to be seen at a commit, of the life that is or was there last. */
  at(seq: number): Sight | undefined {
    return this.versions.findLast(version => version.head.seq === seq)?.sight
  }
}

/** Own cells over those of the base. */
export function overlay(base: Sight | undefined, own: Cells): Sight {
  const sight = new Map(base)
  for (const [path, cell] of own) {
    if (cell.sha === undefined) sight.delete(path)
    else sight.set(path, cell)
  }
  return sight
}

export const foldName = (run: string, fork: string): string => `${run} ${fork}`

export const parentOf = (namespace: string): string => namespace.slice(0, namespace.lastIndexOf('/'))

/** Folded or discarded: nobody reads it any more. */
export const hasEnded = ({ state }: Head): boolean => state === 'folded' || state === 'discarded'
