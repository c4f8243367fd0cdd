// What the characters of a glob mean. A syntax that other globs have and these do not is refused: taken literally, a policy would
// hold for other paths than whoever wrote it meant. Pure.
export type Token =
  | { readonly kind: 'literal'; readonly character: number }
  | { readonly kind: 'any' | 'star' | 'slash' }
  | { readonly kind: 'class'; readonly isNegated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'choice'; readonly options: readonly (readonly Token[])[] }

interface TokenProblem {
  readonly problem: string
}

/** A token, or what may turn out to be a part of a choice: `{`, `,` or `}`. */
type Lexeme = Token | '{' | ',' | '}'

const SIMPLE: Record<string, Lexeme> = {
  '*': { kind: 'star' },
  '?': { kind: 'any' },
  '/': { kind: 'slash' },
  '{': '{',
  ',': ',',
  '}': '}',
}

export function tokenize(text: string): Token[] | TokenProblem {
  const characters = [...text]
  const lexemes: Lexeme[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? ''
    if (character === '(' || character === ')')
      return { problem: 'a glob has no groups: write \\( and \\) for parentheses' }
    const found = character === '[' ? classAt(characters, at) : undefined
    if (found && 'problem' in found) return found
    if (found) {
      lexemes.push(found.token)
      at = found.end
    } else if (character === '\\' && at + 1 < characters.length) {
      at += 1
      lexemes.push(literal(characters[at] ?? ''))
    } else lexemes.push(SIMPLE[character] ?? literal(character))
  }
  return toChoices(lexemes)
}

const codeOf = (character: string): number => character.codePointAt(0) ?? 0
const literal = (character: string): Token => ({ kind: 'literal', character: codeOf(character) })

/** The class that begins here and where it ends; undefined when nothing closes it. A `]` that stands first is one of its members. */
function classAt(
  characters: readonly string[],
  start: number,
): { token: Token; end: number } | TokenProblem | undefined {
  const isNegated = characters[start + 1] === '!' || characters[start + 1] === '^'
  const first = start + (isNegated ? 2 : 1)
  const members: { code: number; isDash: boolean }[] = []
  let end = first
  while (end < characters.length && (characters[end] !== ']' || end === first)) {
    if (characters[end] === '[' && characters[end + 1] === ':')
      return { problem: 'a glob has no named classes like [:alpha:]' }
    const isEscaped = characters[end] === '\\'
    if (isEscaped) end += 1
    members.push({ code: codeOf(characters[end] ?? ''), isDash: !isEscaped && characters[end] === '-' })
    end += 1
  }
  return end < characters.length ? { token: { kind: 'class', isNegated, ranges: toRanges(members) }, end } : undefined
}

function toRanges(members: readonly { code: number; isDash: boolean }[]): [number, number][] {
  const ranges: [number, number][] = []
  for (let i = 0; i < members.length; i++) {
    const from = members[i]?.code ?? 0
    const to = members[i + 1]?.isDash ? members[i + 2]?.code : undefined
    ranges.push([from, to ?? from])
    if (to !== undefined) i += 2
  }
  return ranges
}

/** Braces with a comma between them are a choice; all other braces and commas stand for themselves. */
function toChoices(lexemes: readonly Lexeme[]): Token[] | TokenProblem {
  const open: Token[][][] = [[[]]]
  for (const lexeme of lexemes) {
    const options = open.at(-1) ?? []
    if (lexeme === '{') open.push([[]])
    else if (lexeme === ',' && open.length > 1) options.push([])
    else if (lexeme === '}' && open.length > 1) {
      if (options.some(hasRange))
        return { problem: 'a glob has no ranges like {1..9}: write [1-9], or each alternative' }
      open.pop()
      open
        .at(-1)
        ?.at(-1)
        ?.push(...asChoice(options))
    } else options.at(-1)?.push(typeof lexeme === 'string' ? literal(lexeme) : lexeme)
  }
  while (open.length > 1) {
    const unclosed = asText(open.pop() ?? [])
    open
      .at(-1)
      ?.at(-1)
      ?.push(...unclosed)
  }
  return open[0]?.[0] ?? []
}

const asChoice = (options: readonly (readonly Token[])[]): Token[] =>
  options.length > 1 ? [{ kind: 'choice', options }] : [...asText(options), literal('}')]

const asText = (options: readonly (readonly Token[])[]): Token[] =>
  options.flatMap((option, i) => [literal(i === 0 ? '{' : ','), ...option])

const hasRange = (option: readonly Token[]): boolean =>
  option.some((token, i) => isDot(token) && i > 0 && isDot(option[i - 1]))

const isDot = (token: Token | undefined): boolean => token?.kind === 'literal' && token.character === codeOf('.')
