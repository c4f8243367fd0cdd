// Path globs: parsed once, matched in linear space and in time of the glob's length times the path's, whatever they are. Stored globs
// are somebody else's, and who leads a queue matches them: a matcher that backtracks would let any writer stop all others. Pure.
//
//   *  ?  [a-z]  [!a]    within one segment; files that begin with a dot too
//   **                   as a whole segment: any number of segments, so that `logs/**` is `logs` too; elsewhere it is `*`
//   {a,b}                alternatives, nested too
//   !a                   at the beginning: every path that `a` does not match
//   \*                   the character itself
//
// What is opened and never closed stands for itself, and so does a glob for the path that is spelled as it is.
import { type Token, tokenize } from './glob-tokens.ts'

export interface Glob {
  readonly text: string
  readonly isNegated: boolean
  readonly alternatives: readonly (readonly Segment[])[]
}

export interface GlobProblem {
  readonly problem: string
}

/** One segment of a glob; `**` is any number of them. */
type Segment = readonly Token[] | '**'

const MAX_GLOB_LENGTH = 1024
const MAX_ALTERNATIVES = 64
/** Of all alternatives together: what bounds the time of a match. */
const MAX_TOKENS = 8192

export function parseGlob(text: string): Glob | GlobProblem {
  if (text === '') return { problem: 'a glob is not empty' }
  if (text.length > MAX_GLOB_LENGTH) return { problem: `a glob has at most ${MAX_GLOB_LENGTH} characters` }
  const [bangs = ''] = /^!*/.exec(text) ?? []
  const tokens = tokenize(text.slice(bangs.length).replace(/^(?:\.\/)+/, ''))
  if ('problem' in tokens) return tokens
  const alternatives = expand(tokens)
  if (!alternatives)
    return { problem: `{a,b} stands for at most ${MAX_ALTERNATIVES} globs, ${MAX_TOKENS} characters in all` }
  return { text, isNegated: bangs.length % 2 === 1, alternatives: alternatives.map(toSegments) }
}

/** Without braces: each way to choose; undefined when those are too many. */
function expand(tokens: readonly Token[]): Token[][] | undefined {
  let made: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind !== 'choice') {
      for (const one of made) one.push(token)
      continue
    }
    const chosen: Token[][] = []
    for (const option of token.options) {
      const ways = expand(option)
      if (!ways || chosen.push(...ways) > MAX_ALTERNATIVES) return undefined
    }
    if (made.length * chosen.length > MAX_ALTERNATIVES) return undefined
    made = made.flatMap(before => chosen.map(after => [...before, ...after]))
  }
  return made.reduce((sum, one) => sum + one.length, 0) > MAX_TOKENS ? undefined : made
}

function toSegments(tokens: readonly Token[]): Segment[] {
  const split: Token[][] = [[]]
  for (const token of tokens) {
    if (token.kind === 'slash') split.push([])
    else split.at(-1)?.push(token)
  }
  const segments = split.map((own): Segment => (isGlobstar(own) ? '**' : own))
  const single = segments.filter((segment, i) => segment !== '**' || segments[i - 1] !== '**')
  const before = single.at(-2)
  // `logs/**` is the folder too, for it names it; `*/**` is only what lies below some folder.
  if (single.at(-1) === '**' && Array.isArray(before) && before.at(-1)?.kind === 'star')
    single.splice(-1, 0, [{ kind: 'star' }])
  return single
}

const isGlobstar = (tokens: readonly Token[]): boolean =>
  tokens.length === 2 && tokens.every(token => token.kind === 'star')

export function matchGlob({ text, isNegated, alternatives }: Glob, path: string): boolean {
  if (path === text) return true
  const segments = path.split('/').map(segment => Array.from(segment, character => character.codePointAt(0) ?? 0))
  return alternatives.some(own => matchSegments(own, segments)) !== isNegated
}

const matchSegments = (own: readonly Segment[], segments: readonly (readonly number[])[]): boolean =>
  matchAll(own, segments, part => part === '**', matchSegment)

const matchSegment = (tokens: Segment, characters: readonly number[]): boolean =>
  tokens !== '**' && matchAll(tokens, characters, token => token.kind === 'star', matchCharacter)

function matchCharacter(token: Token, character: number): boolean {
  if (token.kind === 'literal') return token.character === character
  if (token.kind === 'class')
    return token.ranges.some(([first, last]) => first <= character && character <= last) !== token.isNegated
  return token.kind === 'any'
}

/**
 * Whether the parts stand for all of the items, a part that `isStar` for any number of them and each other for one. When a part does
 * not fit, the last star takes one more; an earlier one need not, for it could only leave less to what follows. So what stands
 * between two stars meets each item once.
 */
function matchAll<Part, Item>(
  parts: readonly Part[],
  items: readonly Item[],
  isStar: (part: Part) => boolean,
  fits: (part: Part, item: Item) => boolean,
): boolean {
  let part = 0
  let item = 0
  let star = -1
  let taken = 0
  while (item < items.length) {
    const own = parts[part]
    if (own !== undefined && isStar(own)) {
      star = part
      taken = item
      part += 1
    } else if (own !== undefined && fits(own, items[item] as Item)) {
      part += 1
      item += 1
    } else if (star !== -1) {
      taken += 1
      item = taken
      part = star + 1
    } else return false
  }
  return parts.slice(part).every(isStar)
}
