// What is wrong with a datastore, gathered: a count and the first few of each kind, with the remedy. Also the errors of this folder.
import { RunletError } from '../../../errors.ts'

type ProblemKind =
  /** The index names it, and there is no object. */
  | 'missing-object'
  /** The index says another size than the object has. */
  | 'other-size'
  /** Its entry in the index is malformed. */
  | 'malformed-entry'
  /** Swamp never syncs it, and yet the index names it. */
  | 'never-synced'
  /** It can be no path of a namespace. */
  | 'invalid-path'

export interface Problem {
  readonly kind: ProblemKind
  readonly count: number
  /** The first few. */
  readonly examples: readonly string[]
  readonly remedy: string
}

const REMEDIES: Record<ProblemKind, string> = {
  'missing-object': 'restore the objects, or have swamp push again (`swamp datastore sync --push`)',
  'other-size': 'have swamp push again (`swamp datastore sync --push`)',
  'malformed-entry': 'have swamp write its index again (`swamp datastore sync --push`)',
  'never-synced': 'nothing is lost without them: swamp keeps these for itself',
  'invalid-path': 'rename them in swamp: paths are relative, in Unicode normal form C, of at most 900 bytes',
}

const EXAMPLES = 10

export class Problems {
  readonly #found = new Map<ProblemKind, { count: number; examples: string[] }>()

  add(kind: ProblemKind, what: string): void {
    const known = this.#found.get(kind) ?? { count: 0, examples: [] }
    known.count += 1
    if (known.examples.length < EXAMPLES) known.examples.push(what.slice(0, 200))
    this.#found.set(kind, known)
  }

  get count(): number {
    return [...this.#found.values()].reduce((sum, { count }) => sum + count, 0)
  }

  list(): Problem[] {
    return [...this.#found].map(([kind, { count, examples }]) => ({ kind, count, examples, remedy: REMEDIES[kind] }))
  }
}

/** The datastore has what cannot be imported. Nothing was written. */
export class SwampProblemsError extends RunletError {
  readonly problems: readonly Problem[]
  constructor(url: string, problems: readonly Problem[]) {
    const count = problems.reduce((sum, problem) => sum + problem.count, 0)
    const shown = problems.map(
      ({ kind, count: n, examples, remedy }) => `${n} ${kind} (like "${examples[0]}"; ${remedy})`,
    )
    super(
      'ERR_RUNLET_SWAMP_PROBLEMS',
      `${count} entries of the swamp datastore at ${url} cannot be imported: ${shown.join('; ')}. Nothing was written. Put that right, or leave them out with --skip-invalid.`,
    )
    this.problems = problems
  }
}

/** There is no swamp datastore, or one of a version that is not known. Nothing was written. */
export class NoDatastoreError extends RunletError {
  readonly url: string
  constructor(url: string, problem: string, remedy: string) {
    super('ERR_RUNLET_NO_SWAMP_DATASTORE', `${url} ${problem}. ${remedy}`)
    this.url = url
  }
}

/** Writers changed the index each time that it was compared with the objects. Nothing was written. */
export class BusyDatastoreError extends RunletError {
  readonly url: string
  constructor(url: string) {
    super(
      'ERR_RUNLET_SWAMP_BUSY',
      `The swamp datastore at ${url} changes faster than its index and its objects can be compared. Nothing was written. Try again later.`,
    )
    this.url = url
  }
}

/** The datastore lies among the keys of runlet's own store. Nothing was written. */
export class SharedPrefixError extends RunletError {
  readonly url: string
  constructor(url: string, store: string) {
    super(
      'ERR_RUNLET_SWAMP_SHARED_PREFIX',
      `The swamp datastore ${url} and runlet's store ${store} share a prefix, so that their objects cannot be told apart. Nothing was written. Give runlet a prefix of its own (--store s3://bucket/runlet), beside the datastore's or below it.`,
    )
    this.url = url
  }
}

/** Both swamp and runlet changed these paths since they last had the same. Nothing was written. */
export class SwampConflictError extends RunletError {
  readonly paths: readonly string[]
  constructor(paths: readonly string[], count: number, { remedy, side }: { remedy: string; side: string }) {
    const shown = paths
      .slice(0, 5)
      .map(path => `"${path}"`)
      .join(', ')
    super(
      'ERR_RUNLET_SWAMP_CONFLICT',
      `${count} paths were changed ${side} since the last import: ${shown}${count > 5 ? ', …' : ''}. Nothing was written. ${remedy}`,
    )
    this.paths = paths
  }
}
