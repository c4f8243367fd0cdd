// Where a push looks: at what was marked, or everywhere when that is not known to be all that may have changed. And which marks are
// done with once what was found is published. Pure.
import type { Path } from '../../../names.ts'
import type { Mark } from './marks.ts'

/** What a push takes into account. */
interface Known {
  /** Those that may concern this namespace, by their paths in it; undefined: anything there. */
  readonly marks: readonly { readonly id: string; readonly path: string | undefined; readonly isLeft: boolean }[]
  /** Whether everything was looked at before, so that only what was marked since can have changed. */
  readonly wasWhole: boolean
  /** Whether this process has pushed before. */
  readonly hasPushed: boolean
  /** What the paths of the models start with that the push is for, if it is for some. */
  readonly prefixes: readonly string[]
  /** The same for models that commands of this process are at work on, and will push themselves. */
  readonly others: readonly string[]
}

export interface Look {
  /** Undefined: everywhere. */
  readonly paths: readonly string[] | undefined
  readonly marks: Known['marks']
  readonly prefixes: readonly string[]
}

export function whereToLook({ marks, wasWhole, hasPushed, prefixes, others }: Known): Look {
  const concerned = marks.filter(({ path, isLeft }) => isLeft || path === undefined || !isWithin(path, others))
  const isEverywhere =
    !wasWhole || concerned.some(({ path }) => path === undefined) || (marks.length === 0 && !hasPushed)
  if (isEverywhere) return { paths: undefined, marks: concerned, prefixes }
  const paths = new Set(concerned.flatMap(({ path }) => (path === undefined ? [] : [path])))
  return { paths: [...paths], marks: concerned, prefixes }
}

/**
 * The marks that a push has done with, by what it found changed. One whose path had not changed stays: whoever made it may be about to
 * write.
 */
export function doneWith({ marks, prefixes }: Look, found: readonly string[]): string[] {
  const changed = new Set<string>(found)
  for (const path of found)
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) changed.add(path.slice(0, end))
  const done = marks.filter(({ path, isLeft }) => {
    return isLeft || path === undefined || changed.has(path) || isWithin(path, prefixes)
  })
  return done.map(({ id }) => id)
}

const isWithin = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some(prefix => `${path}/`.startsWith(prefix) || path === prefix)

/** The marks as a namespace sees them; `pathIn` says what a path of the cache is there, undefined: nothing, '': all of it. */
export function marksIn(marks: readonly Mark[], pathIn: (path: Path) => string | undefined): Known['marks'] {
  return marks.flatMap(({ id, path, isLeft }) => {
    if (path === undefined) return [{ id, path, isLeft }]
    const inside = pathIn(path)
    return inside === undefined ? [] : [{ id, path: inside === '' ? undefined : inside, isLeft }]
  })
}
