// Retention rules: which paths a pattern matches and what it captures, what a rule may say, and which units it chooses. All pure.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InvalidArgumentError } from '../../lib/errors.ts'
import { chooseUnits, compareNumbers, parseNatural, type Unit } from '../../lib/run/retention/choose.ts'
import { matchPattern, type Pattern, parsePattern } from '../../lib/run/retention/pattern.ts'
import { parseAge, parseSize } from '../../lib/run/retention/quantities.ts'
import { OWN_LOGS_RULE, parseRetention, type RetentionRule } from '../../lib/run/retention/rules.ts'
import { scopeStart } from '../../lib/run/retention/survey.ts'

function pattern(text: string, counts?: string): Pattern {
  const parsed = parsePattern(text, counts)
  if ('problem' in parsed) assert.fail(`${text} ${parsed.problem}`)
  return parsed
}

describe('a pattern', () => {
  const cases: [pattern: string, path: string, captures: string[] | undefined, counts?: string][] = [
    ['data/{type}/{name}/{version}/**', 'data/a/b/3/x/y.json', ['a', 'b', '3']],
    ['data/{type}/{name}/{version}/**', 'data/a/b/3', undefined],
    ['logs/**', 'logs/a', []],
    ['logs/**', 'logs/a/b/c', []],
    ['logs/**', 'logs', undefined],
    ['logs/**', 'logs2/a', undefined],
    ['**', 'a/b', []],
    ['**/v{n}.json', 'v1.json', ['1']],
    ['**/v{n}.json', 'a/b/v1.json', ['1']],
    ['a/**/z', 'a/z', []],
    ['a/**/z', 'a/b/z', []],
    ['a/**/z', 'a', undefined],
    ['logs/*', 'logs/a', []],
    ['logs/*', 'logs/a/b', undefined],
    ['logs/a*', 'logs/a', []],
    ['logs/*.txt', 'logs/.txt', []],
    ['v{n}.json', 'v12.json', ['12']],
    ['v{n}.json', 'v.json', undefined],
    ['v{n}.json', 'v12xjson', undefined],
    ['{name}-{n}.json', 'my-model-2024-3.json', ['my-model-2024', '3']],
    ['{n}-{name}.json', '3-my-model.json', ['3', 'my-model'], 'n'],
    ['{n}-{name}.json', '3-my-model.json', ['3-my', 'model']],
    ['{n}-{name}.json', 'x-my-model.json', ['x-my', 'model'], 'n'],
    ['exact/path.txt', 'exact/path.txt', []],
    ['a(1)/*', 'a(1)/b', []],
  ]
  for (const [text, path, captures, counts] of cases) {
    test(`${text} ${captures ? `reads ${JSON.stringify(captures)} in` : 'does not match'} ${path}`, () => {
      assert.deepEqual(matchPattern(pattern(text, counts), path), captures)
    })
  }

  const refused: [pattern: string, problem: RegExp][] = [
    ['logs/{a,b}/**', /no name in "\{a,b\}"/],
    ['logs/[ab]/**', /has "\[", which no pattern knows/],
    ['logs/?/**', /has "\?"/],
    ['!logs/**', /has "!"/],
    ['logs/{a/**', /lone "\{"/],
    ['logs/a}', /lone "\}"/],
    ['logs/{}/x', /no name in "\{\}"/],
    ['{a}/{a}', /captures \{a\} twice/],
    ['a/{x}{y}', /nothing between/],
    ['a/x**', /nothing between/],
    ['**/a/**', /more than one "\*\*"/],
    ['/logs/**', /no path/],
    ['logs//x', /no path/],
    ['logs/../x', /no path/],
    ['', /no path/],
  ]
  for (const [text, problem] of refused) {
    test(`is refused: ${JSON.stringify(text)}`, () => {
      const parsed = parsePattern(text)
      assert.ok('problem' in parsed)
      assert.match(parsed.problem, problem)
      assert.notEqual(parsed.remedy, '')
    })
  }

  const segment: fc.Arbitrary<string> = fc.oneof(
    fc.constantFrom('a', 'ab', 'b-', 'v1', '*', 'a*', '*b', '{x}', 'v{x}', '{x}-*', '*-{x}', 'a*b'),
    fc.constantFrom('{y}', '{y}-{z}', '{y}b', '*a{z}'),
  )
  const patterns = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 4 }), fc.option(fc.nat({ max: 3 })))
    .map(([segments, at]) => (at === null ? segments : segments.toSpliced(at, 0, '**')).join('/'))
    .filter(text => !('problem' in parsePattern(text)))
  const paths = fc
    .array(fc.string({ unit: fc.constantFrom('a', 'b', 'v', '1', '-'), minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 5,
    })
    .map(segments => segments.join('/'))

  test('matches what the same regular expression matches, and captures the same', () => {
    fc.assert(
      fc.property(patterns, paths, (text, path) => {
        const found = asExpression(text).exec(path)
        const { captures } = pattern(text)
        const wanted = found ? captures.map(name => found.groups?.[name]) : undefined
        assert.deepEqual(matchPattern(pattern(text), path), wanted)
      }),
      { numRuns: 5000 },
    )
  })

  test('matches only paths that start with its prefix', () => {
    fc.assert(
      fc.property(patterns, paths, (text, path) => {
        if (matchPattern(pattern(text), path)) assert.ok(path.startsWith(pattern(text).prefix))
      }),
      { numRuns: 2000 },
    )
  })

  test('takes no time to speak of for a path that somebody made for that', () => {
    const slow = pattern('{a}-{b}-{c}-{d}-{e}-{f}-x')
    const from = performance.now()
    assert.equal(matchPattern(slow, '-a'.repeat(450)), undefined)
    assert.ok(performance.now() - from < 2000)
  })
})

/** The same as a regular expression, whose quantifiers are greedy from the left too. */
function asExpression(text: string): RegExp {
  const parts = text.split('/').map(part =>
    part.replace(/\{(\w+)\}|\*\*|\*|[^{}*]+/g, (whole, name) => {
      if (name) return `(?<${name}>[^/]+)`
      if (whole === '**') return '**'
      if (whole === '*') return part === '*' ? '[^/]+' : '[^/]*'
      return whole.replace(/[.-]/g, '\\$&')
    }),
  )
  const at = parts.indexOf('**')
  if (at === -1) return new RegExp(`^${parts.join('/')}$`)
  const [before, after] = [parts.slice(0, at).map(part => `${part}/`), parts.slice(at + 1)]
  const middle = after.length > 0 ? '(?:[^/]+/)*' : '[^/]+(?:/[^/]+)*'
  return new RegExp(`^${before.join('')}${middle}${after.join('/')}$`)
}

describe('an age or a size', () => {
  test('is read in every unit', () => {
    assert.equal(parseAge('90s'), 90_000)
    assert.equal(parseAge('1.5h'), 5_400_000)
    assert.equal(parseAge('30d'), 2_592_000_000)
    assert.equal(parseAge('8w'), 4_838_400_000)
    assert.equal(parseAge(60_000), 60_000)
    assert.equal(parseSize('10GB'), 1e10)
    assert.equal(parseSize('1.5 MiB'), 1_572_864)
    assert.equal(parseSize(7), 7)
  })
  for (const given of ['', '30', 'd', '30 days', '-1d', '1e3d', '0d', '30D', '1constructor', 0, -1, 1.5, Number.NaN]) {
    test(`is not ${JSON.stringify(given)}`, () => {
      assert.equal(parseAge(given), undefined)
      assert.equal(parseSize(given), undefined)
    })
  }
})

describe('a retention rule', () => {
  const taken: RetentionRule[] = [
    { path: 'data/{name}/{version}/**', keep: { newest: 5, by: 'version' } },
    { path: 'data/{name}/{version}/**', keep: { newest: 5, by: 'version' }, maxAge: '30d' },
    { path: 'data/{name}/{version}/**', keep: { newest: 5, by: 'version' }, maxBytes: '1GB' },
    { path: 'tmp/**', maxAge: 60_000, namespace: 'control-plane' },
    { path: '{type}/{version}/**', keep: { newest: 1, by: 'version' } },
    { path: '**', keep: 'all' },
    { path: '**', maxAge: '1w', everything: true },
  ]
  for (const rule of taken) {
    test(`may be ${JSON.stringify(rule)}`, () => {
      assert.equal(parseRetention([rule])[0]?.path, rule.path)
    })
  }

  const refused: [rule: unknown, message: RegExp][] = [
    [7, /^retention\[0\]: rule: .*\. A rule is like/],
    [{}, /^retention\[0\]: path: /],
    [{ path: 'a/**' }, /^retention\[0\] \("a\/\*\*"\): says nothing of what goes\. Add keep, maxAge or maxBytes/],
    [{ path: 'a/**', maxage: '3d' }, /Unrecognized key: "maxage"/],
    [{ path: 'a/{n}', keep: { newest: 0, by: 'n' } }, /keep/],
    [{ path: 'a/{n}', keep: { newest: 2.5, by: 'n' } }, /keep/],
    [{ path: 'a/{n}', keep: { newest: 2, by: 'v' } }, /keep\.by: the path does not capture "v"\. It captures n\./],
    [{ path: 'a/*', keep: { newest: 2, by: 'v' } }, /Write \{v\} where the number stands/],
    [{ path: 'a/**', maxAge: 'soon' }, /maxAge "soon" is no age\. Write it like/],
    [{ path: 'a/**', maxAge: 30 }, /maxAge 30 is under a minute/],
    [{ path: 'a/**', maxAge: 0 }, /maxAge 0 is no age/],
    [{ path: 'a/**', maxBytes: '10 gigs' }, /maxBytes "10 gigs" is no size/],
    [{ path: 'a/**', maxBytes: '' }, /maxBytes "" is no size/],
    [{ path: 'a/**', maxBytes: 1, maxAge: '1d' }, /both maxAge and maxBytes\. Write a rule for each/],
    [{ path: 'a/**', keep: 'all', maxAge: '1d' }, /keeps all and has a limit/],
    [{ path: '**', maxAge: '1d' }, /names no folder and keeps nothing/],
    [{ path: '*/x/**', maxBytes: 5 }, /names no folder/],
    [{ path: 'a/[x]', maxBytes: 5 }, /path has "\["/],
    [{ path: 'a/**', maxBytes: 5, namespace: 'No Name' }, /namespace/],
  ]
  for (const [rule, message] of refused) {
    test(`is refused: ${JSON.stringify(rule)}`, () => {
      assert.throws(
        () => parseRetention([rule]),
        (error: unknown) => error instanceof InvalidArgumentError && message.test(error.message),
      )
    })
  }

  test('is told by its place', () => {
    assert.throws(
      () => parseRetention([taken[0], { path: 'b/**' }]),
      /^InvalidArgumentError: retention\[1\] \("b\/\*\*"\)/,
    )
    assert.throws(() => parseRetention({}), /retention: is no list/)
  })

  test('comes with one for runlet’s own logs, and none for anything else', () => {
    assert.deepEqual(
      parseRetention(undefined).map(rule => rule.path),
      [OWN_LOGS_RULE.path],
    )
    assert.equal(parseRetention([taken[0]]).length, 2)
    assert.ok(matchPattern(parseRetention([])[0]?.pattern as Pattern, '.runlet/logs/2026/run.txt'))
    assert.equal(matchPattern(parseRetention([])[0]?.pattern as Pattern, 'logs/run.txt'), undefined)
  })

  test('about runlet’s own logs stands in place of the one that comes with it', () => {
    assert.equal(parseRetention([{ path: '.runlet/logs/**', keep: 'all' }]).length, 1)
  })

  const scopes: [rule: RetentionRule, path: string, start: string][] = [
    [{ path: 'd/{a}/{v}/**', keep: { newest: 1, by: 'v' } }, 'd/x/1/f', 'd/x/'],
    [{ path: 'd/{v}/{a}/**', keep: { newest: 1, by: 'v' } }, 'd/1/x/f', 'd/'],
    [{ path: 'd/{a}/{v}/**', maxAge: '1d' }, 'd/x/1/f', 'd/x/1/'],
    [{ path: 'd/{a}-{v}/**', maxAge: '1d' }, 'd/x-1/f', 'd/'],
    [{ path: 'd/{a}', maxAge: '1d' }, 'd/x', 'd/x'],
    [{ path: 'd/**', maxAge: '1d' }, 'd/x/y', 'd/x/y'],
    [{ path: 'd/{a}/**', maxBytes: 1 }, 'd/x/y', 'd/'],
    [{ path: '{a}/v{v}.json', keep: { newest: 1, by: 'v' } }, 'x/v1.json', 'x/'],
  ]
  for (const [rule, path, start] of scopes) {
    test(`decides ${path} with all below ${start} for ${JSON.stringify(rule)}`, () => {
      const [parsed] = parseRetention([rule])
      assert.equal(parsed && scopeStart(parsed, path), start)
    })
  }
})

describe('choosing units', () => {
  const number = fc.oneof(fc.nat({ max: 20 }).map(BigInt), fc.bigInt({ min: 0n, max: 10n ** 40n }))
  const units = fc.uniqueArray(
    fc.record({
      group: fc.constantFrom('a', 'b', 'a/b'),
      number: number.map(String),
      at: fc.nat({ max: 50 }),
      bytes: fc.nat({ max: 9 }),
    }),
    { selector: ({ group, number }) => `${group} ${number}`, maxLength: 30 },
  )
  const isNewest = (unit: Unit, all: readonly Unit[], count: number) =>
    all.filter(other => other.group === unit.group && BigInt(other.number ?? 0) > BigInt(unit.number ?? 0)).length <
    count

  test('leaves the newest of each group, and takes all others', () => {
    fc.assert(
      fc.property(units, fc.integer({ min: 1, max: 5 }), (all, count) => {
        const going = chooseUnits(all, limits({ newest: { count, by: 'v' } }), 0)
        assert.deepEqual(new Set(going), new Set(all.filter(unit => !isNewest(unit, all, count))))
      }),
    )
  })

  test('by age takes what is older, but none of the newest', () => {
    fc.assert(
      fc.property(units, fc.option(fc.integer({ min: 1, max: 5 })), fc.nat({ max: 60 }), (all, count, maxAgeMs) => {
        const newest = count === null ? undefined : { count, by: 'v' }
        const going = chooseUnits(all, limits({ newest, maxAgeMs }), 60)
        const wanted = all.filter(unit => 60 - unit.at > maxAgeMs && (count === null || !isNewest(unit, all, count)))
        assert.deepEqual(new Set(going), new Set(wanted))
      }),
    )
  })

  test('by size takes no more than it must, the oldest first, and none of the newest', () => {
    fc.assert(
      fc.property(
        units,
        fc.option(fc.integer({ min: 1, max: 3 })),
        fc.integer({ min: 1, max: 60 }),
        (all, count, most) => {
          const newest = count === null ? undefined : { count, by: 'v' }
          const going = new Set<Unit>(chooseUnits(all, limits({ newest, maxBytes: most }), 0))
          const mayGo = all.filter(unit => count === null || !isNewest(unit, all, count))
          const sum = (some: readonly Unit[]) => some.reduce((total, unit) => total + unit.bytes, 0)
          const stays = all.filter(unit => !going.has(unit))
          assert.ok([...going].every(unit => mayGo.includes(unit as (typeof all)[number])))
          const left = stays.filter(unit => mayGo.includes(unit))
          assert.ok(sum(stays) <= most || sum(left) === 0, 'it fits, or nothing more may go')
          const last = [...going].at(-1)
          assert.ok(!last || sum([...stays, last]) > most, 'it did not fit before the last')
          const oldestLeft = Math.min(...left.filter(unit => unit.bytes > 0).map(unit => unit.at))
          assert.ok([...going].every(unit => unit.at <= oldestLeft))
        },
      ),
    )
  })

  test('compares natural numbers of any length, whatever zeros they begin with', () => {
    fc.assert(
      fc.property(number, number, fc.nat({ max: 5 }), (a, b, zeros) => {
        const [x, y] = [parseNatural('0'.repeat(zeros) + a), parseNatural(String(b))]
        assert.equal(x, String(a))
        assert.equal(Math.sign(compareNumbers(x ?? '', y ?? '')), a < b ? -1 : a > b ? 1 : 0)
      }),
    )
    for (const text of ['', 'x', '1x', '-1', '1.5', '1e3', '٣', ' 1']) assert.equal(parseNatural(text), undefined)
  })
})

const limits = (given: {
  newest?: { count: number; by: string } | undefined
  maxAgeMs?: number
  maxBytes?: number
}) => ({
  newest: undefined,
  maxAgeMs: undefined,
  maxBytes: undefined,
  ...given,
})
