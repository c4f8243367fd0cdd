// Globs of conflict policies: they match what picomatch matches, in time that nobody's glob can stretch.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import picomatch from 'picomatch'
import { isPath } from '../../lib/names.ts'
import { matchGlob, parseGlob } from '../../lib/namespace/glob.ts'

function matches(glob: string, path: string): boolean {
  const parsed = parseGlob(glob)
  assert.ok(!('problem' in parsed), `${glob} is refused`)
  return matchGlob(parsed, path)
}

const character = fc.constantFrom('a', 'a', 'b', '.')
const path = fc
  .array(fc.string({ unit: character, minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
  .map(segments => segments.join('/'))
  .filter(isPath)

const LETTERS = ['a', 'b', '.', '\\*', '\\[', '\\{']
const CLASSES = ['[ab]', '[a-b]', '[^a]', '[^.]', '[*]', '[]a]', 'a]', '[-a]', '[a-]', '[*-.]']
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...LETTERS) },
  { weight: 3, arbitrary: fc.constantFrom('*', '*', '?') },
  { weight: 1, arbitrary: fc.constantFrom(...CLASSES) },
)

/**
 * No path has a segment `.` or `..`, nor an empty one: what picomatch makes of them is of no interest. And a
 * segment `***` can be nothing at all after `**` there, and after `***` a `.` is any character.
 */
const isComparable = (glob: string): boolean =>
  !glob.includes('***') && glob.split('/').every(segment => !/^\.{0,2}$/.test(segment))

const segment = fc.oneof(
  { weight: 4, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map(pieces => pieces.join('')) },
  { weight: 2, arbitrary: fc.constant('**') },
)
const plain = fc
  .array(segment, { minLength: 1, maxLength: 4 })
  .map(segments => segments.join('/'))
  .filter(isComparable)

/** A glob with braces, and the globs that it stands for. */
interface Braced {
  readonly text: string
  readonly ways: readonly string[]
}
const part = fc
  .array(piece, { maxLength: 2 })
  .map((pieces): Braced => ({ text: pieces.join(''), ways: [pieces.join('')] }))
const join = (parts: readonly Braced[]): Braced => ({
  text: parts.map(({ text }) => text).join(''),
  ways: parts.reduce<string[]>((all, { ways }) => all.flatMap(before => ways.map(way => before + way)), ['']),
})
const choice = (option: fc.Arbitrary<Braced>) =>
  fc.array(option, { minLength: 2, maxLength: 3 }).map(
    (options): Braced => ({
      text: `{${options.map(({ text }) => text).join(',')}}`,
      ways: options.flatMap(({ ways }) => ways),
    }),
  )
const slash = fc.constantFrom('/', '/**/', '').map((text): Braced => ({ text, ways: [text] }))
const nested = fc.tuple(part, choice(part)).map(join)
const braced = fc
  .tuple(part, slash, choice(fc.oneof(part, nested)), slash, part)
  .map(join)
  .filter(({ text, ways }) => !text.includes('..') && ways.length <= 64 && ways.every(isComparable))

/** Without its shortcuts, which take `**.a` for any depth and `*.*` not for `a.`, against its own grammar. */
const like = (glob: string, path: string): boolean => picomatch(glob, { dot: true, fastpaths: false })(path)

describe('a glob matches what picomatch matches', () => {
  test('without braces', () => {
    fc.assert(
      fc.property(plain, path, fc.boolean(), (text, path, isNegated) => {
        const glob = isNegated ? `!${text}` : text
        assert.equal(matches(glob, path), like(glob, path), `${glob} and ${path}`)
      }),
      { numRuns: 20_000 },
    )
  })

  test('with braces, which stand for each of their alternatives', () => {
    fc.assert(
      fc.property(braced, path, ({ text, ways }, path) => {
        assert.equal(
          matches(text, path),
          ways.some(way => like(way, path)),
          `${text} and ${path}`,
        )
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('a glob', () => {
  const cases: [glob: string, path: string, doesMatch: boolean][] = [
    ['logs/**', 'logs', true],
    ['logs/**', 'logs/a/b', true],
    ['logs/**', 'logs2', false],
    ['*/**', 'logs', false],
    ['*/**', 'logs/a', true],
    ['a/**/b', 'a/b', true],
    ['a**', 'a/b', false],
    ['**.json', 'a/b.json', false],
    ['*.*', 'a.', true],
    ['[!a]', 'b', true],
    ['[!a]', 'a', false],
    ['a[/]b', 'a/b', false],
    ['?', '😀', true],
    ['[😀-😂]', '😁', true],
    ['./a', 'a', true],
    ['!a', 'a', false],
    ['!!a', 'a', true],
    ['!{a,b}/**', 'b/c', false],
    ['\\!a', '!a', true],
    ['\\(a\\)', '(a)', true],
    ['{a,{b,c}}/d', 'c/d', true],
    ['{a', '{a', true],
    ['{a,b', '{a,b', true],
    ['{a,{b,c}', '{a,c', true],
    ['{a}', '{a}', true],
    ['{a\\,b}', '{a,b}', true],
    ['a,b', 'a,b', true],
    ['a\\', 'a\\', true],
    ['pages/[id].ts', 'pages/[id].ts', true],
  ]
  for (const [glob, path, doesMatch] of cases) {
    test(`${glob} ${doesMatch ? 'matches' : 'does not match'} ${path}`, () =>
      assert.equal(matches(glob, path), doesMatch))
  }

  const refused: [glob: string, why: RegExp][] = [
    ['', /not empty/],
    ['a'.repeat(1025), /at most 1024/],
    ['+(a|b)', /no groups/],
    ['!(a)', /no groups/],
    ['(a|b)', /no groups/],
    ['{1..9}', /no ranges/],
    ['{a,b..c}', /no ranges/],
    ['[[:alpha:]]', /no named classes/],
    ['{a,b}'.repeat(7), /at most 64 globs/],
    ['{a,b}'.repeat(200), /at most 64 globs/],
    [`{${','.repeat(1000)}}`, /at most 64 globs/],
    [`${'a'.repeat(900)}{b,c,d,e}{f,g,h}`, /8192 characters/],
  ]
  for (const [glob, why] of refused) {
    test(`${glob.slice(0, 20)} (${glob.length}) is refused`, () => {
      const parsed = parseGlob(glob)
      assert.match('problem' in parsed ? parsed.problem : '', why)
    })
  }

  test('stands for 64 others at most', () => {
    assert.ok(matches('{a,b}'.repeat(6), 'abbaab'))
  })
})

describe('a hostile glob is decided within a second', () => {
  const long = 'a'.repeat(900)
  const deep = 'a/'.repeat(450).slice(0, -1)
  const hostile: [what: string, glob: string, path: string][] = [
    ['a thousand stars', `${'*'.repeat(1000)}b`, long],
    ['stars between letters', `${'a*'.repeat(500)}b`, long],
    ['a star before what nearly fits', `*${'a'.repeat(450)}b*c`, long],
    ['globstars', `${'**/a/'.repeat(200)}b`, deep],
    ['globstars and stars', `${'**/*a*/'.repeat(140)}b`, deep],
    ['alternatives of stars', `${'{a,*}'.repeat(6)}${'*a'.repeat(50)}b`, long],
    ['braces that nothing closes', '{'.repeat(1024), long],
    ['brackets that nothing closes', '['.repeat(1024), long],
    ['classes', `${'[a-z]*'.repeat(170)}b`, long],
  ]
  for (const [what, glob, path] of hostile) {
    test(what, () => {
      const began = performance.now()
      assert.equal(matches(glob, path), false)
      assert.ok(performance.now() - began < 1000)
    })
  }
})
