// The path pattern of a retention rule: which files it is about, and what it captures of their paths. Pure.
//
//   data/{type}/{model}/{version}/**     a capture is one whole segment, or a part of one (`v{version}.json`), and never empty
//   logs/*/*.txt                         `*` is any part of one segment
//   logs/**                              `**` is any number of segments; at the end, at least one: what lies below the folder
//
// Where a path can be read in several ways, what stands further left takes as much as it can; the capture that counts takes digits
// if it can. At most one `**`, and no two captures side by side: so there is no reading that would surprise.
import { isPath } from '../../names.ts'

type Token =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'capture'; readonly name: string; readonly counts: boolean }

type Segment = readonly Token[]

export interface Pattern {
  readonly text: string
  /** The names of the captures, in the order of what `matchPattern` gives. */
  readonly captures: readonly string[]
  /** All paths that match start with it. */
  readonly prefix: string
  /** The segments before `**`, or all; and those after it. */
  readonly before: readonly Segment[]
  readonly after: readonly Segment[]
  readonly hasGlobstar: boolean
}

export interface Problem {
  readonly problem: string
  readonly remedy: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** What other kinds of glob give a meaning to. Taken literally, a rule that is to protect something would protect nothing. */
const FOREIGN = /[?[\]|]|^!|[@+!]\(/
const TOKEN = /\{([^{}]*)\}|\*|[^{}*]+|[{}]/g

/** `counts`: the name of the capture whose values are numbers. */
export function parsePattern(text: string, counts?: string): Pattern | Problem {
  const foreign = FOREIGN.exec(text)?.[0]
  if (foreign !== undefined) return problem(`has ${JSON.stringify(foreign)}, which no pattern knows`, KNOWN)
  if (!isPath(text)) return problem('is no path', 'Write it as a relative path with "/", like "logs/**".')
  const segments = text.split('/')
  const globstar = segments.indexOf('**')
  if (globstar !== segments.lastIndexOf('**')) return problem('has more than one "**"', 'Write a rule for each folder.')
  const parsed: Segment[] = []
  for (const segment of segments) {
    const tokens = segment === '**' ? [] : parseSegment(segment, counts)
    if ('problem' in tokens) return tokens
    parsed.push(tokens)
  }
  const captures = parsed.flat().flatMap(token => (token.kind === 'capture' ? [token.name] : []))
  const twice = captures.find((name, i) => captures.indexOf(name) !== i)
  if (twice !== undefined) return problem(`captures {${twice}} twice`, 'Give each capture a name of its own.')
  const hasGlobstar = globstar !== -1
  const before = hasGlobstar ? parsed.slice(0, globstar) : parsed
  const after = hasGlobstar ? parsed.slice(globstar + 1) : []
  return { text, captures, prefix: literalPrefix(before, hasGlobstar), before, after, hasGlobstar }
}

const KNOWN = 'Use {name}, "*" within a segment, and "**" as a whole one; write a rule for each alternative.'
const problem = (what: string, remedy: string): Problem => ({ problem: what, remedy })

function parseSegment(segment: string, counts: string | undefined): Segment | Problem {
  const tokens: Token[] = []
  for (const [text, name] of segment.matchAll(TOKEN)) {
    if (text === '{' || text === '}') return problem(`has a lone "${text}"`, KNOWN)
    const token = name === undefined ? plainToken(text) : captureToken(name, counts)
    if ('problem' in token) return token
    if (token.kind !== 'literal' && tokens.length > 0 && tokens.at(-1)?.kind !== 'literal')
      return problem(`has nothing between two captures or "*" in "${segment}"`, 'Put what separates them between them.')
    tokens.push(token)
  }
  return tokens
}

const plainToken = (text: string): Token => (text === '*' ? { kind: 'any' } : { kind: 'literal', text })

const captureToken = (name: string, counts: string | undefined): Token | Problem =>
  NAME.test(name)
    ? { kind: 'capture', name, counts: name === counts }
    : problem(`has no name in "{${name}}"`, 'Name a capture with letters, digits and "_".')

function literalPrefix(before: readonly Segment[], goesOn: boolean): string {
  let prefix = ''
  for (const [i, tokens] of before.entries()) {
    const [first] = tokens
    if (first?.kind !== 'literal') return prefix
    prefix += first.text
    if (tokens.length > 1) return prefix
    if (goesOn || i < before.length - 1) prefix += '/'
  }
  return prefix
}

/** How many segments at the beginning are literals, or whole captures that `isWanted`. */
export function leadingSegments({ before }: Pattern, isWanted: (capture: string) => boolean): number {
  const end = before.findIndex(([token, ...more]) => {
    if (more.length > 0 || token === undefined || token.kind === 'any') return true
    return token.kind === 'capture' && !isWanted(token.name)
  })
  return end === -1 ? before.length : end
}

/**
 * How many segments at the beginning say to which unit a path belongs: all (Infinity) where every file is one; undefined where they
 * do not.
 */
export function unitSegments(pattern: Pattern): number | undefined {
  const { before, after, captures, hasGlobstar } = pattern
  const hasWildcard = hasGlobstar || [...before, ...after].flat().some(token => token.kind === 'any')
  if (!hasWildcard || captures.length === 0) return Number.POSITIVE_INFINITY
  const leading = leadingSegments(pattern, () => true)
  const named = before.slice(0, leading).flat()
  return named.filter(token => token.kind === 'capture').length === captures.length ? leading : undefined
}

/** What the captures hold; undefined when the path does not match. */
export function matchPattern({ before, after, hasGlobstar }: Pattern, path: string): string[] | undefined {
  const segments = path.split('/')
  const between = segments.length - before.length - after.length
  if (hasGlobstar ? between < (after.length === 0 ? 1 : 0) : between !== 0) return undefined
  const values: string[] = []
  const fits = (tokens: Segment, segment: string | undefined) => {
    const held = segment === undefined ? undefined : matchSegment(tokens, segment)
    if (held) values.push(...held)
    return held !== undefined
  }
  const matches =
    before.every((tokens, i) => fits(tokens, segments[i])) &&
    after.every((tokens, i) => fits(tokens, segments[before.length + between + i]))
  return matches ? values : undefined
}

function matchSegment(tokens: Segment, segment: string): string[] | undefined {
  const [only] = tokens
  if (tokens.length === 1 && only) {
    if (only.kind === 'literal') return only.text === segment ? [] : undefined
    return only.kind === 'capture' ? [segment] : []
  }
  const counts = tokens.some(token => token.kind === 'capture' && token.counts)
  return (counts && fill(tokens, segment, true)) || fill(tokens, segment, false)
}

/** In time of the square of the length at most, whatever the path: it may be somebody else's. */
function fill(tokens: Segment, text: string, digitsOnly: boolean): string[] | undefined {
  const dead = new Set<number>()
  const from = (i: number, at: number): string[] | undefined => {
    const token = tokens[i]
    if (!token) return at === text.length ? [] : undefined
    if (token.kind === 'literal')
      return text.startsWith(token.text, at) ? from(i + 1, at + token.text.length) : undefined
    const place = i * (text.length + 1) + at
    if (dead.has(place)) return undefined
    const least = token.kind === 'capture' ? at + 1 : at
    for (let end = furthest(token, text, at, digitsOnly); end >= least; end--) {
      const rest = from(i + 1, end)
      if (rest) return token.kind === 'capture' ? [text.slice(at, end), ...rest] : rest
    }
    dead.add(place)
    return undefined
  }
  return from(0, 0)
}

function furthest(token: Token, text: string, at: number, digitsOnly: boolean): number {
  if (!digitsOnly || token.kind !== 'capture' || !token.counts) return text.length
  let end = at
  while (isDigit(text.charCodeAt(end))) end += 1
  return end
}

const isDigit = (unit: number): boolean => unit >= 48 && unit <= 57
