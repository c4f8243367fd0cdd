// Choosing a conflict policy: what a caller may say, and which policy a path then has.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError } from '../../lib/errors.ts'
import {
  namedPolicySchema,
  type PolicyRule,
  parsePolicy,
  policyFor,
  policyRulesSchema,
  portable,
} from '../../lib/namespace/policy.ts'

const mine = () => undefined

describe('a conflict policy', () => {
  test('is one for all paths, by name or as a function', () => {
    for (const name of namedPolicySchema.options) {
      assert.equal(policyFor(parsePolicy(name), 'any/path.txt'), name)
    }
    assert.equal(policyFor(parsePolicy(mine), 'any/path.txt'), mine)
  })

  test('is an error where nothing else was said', () => {
    assert.equal(policyFor(parsePolicy(undefined), 'a'), 'error')
    assert.equal(policyFor(parsePolicy({}), 'a'), 'error')
    assert.equal(policyFor(parsePolicy({ 'logs/**': 'ours' }), 'a'), 'error')
  })

  test('of several that match is the first', () => {
    const rules = parsePolicy({ 'logs/keep/*': 'ours', 'logs/**': 'union-lines', '**': mine })
    assert.equal(policyFor(rules, 'logs/keep/a'), 'ours')
    assert.equal(policyFor(rules, 'logs/keep/deep/a'), 'union-lines')
    assert.equal(policyFor(rules, 'other'), mine)
  })

  const matches: [glob: string, path: string, doesMatch: boolean][] = [
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['**', 'a/b/c', true],
    ['**', '.hidden/.file', true],
    ['*.json', 'a.json', true],
    ['*.json', 'a/b.json', false],
    ['**/*.json', 'a.json', true],
    ['**/*.json', 'a/b/.c.json', true],
    ['data/*.{json,txt}', 'data/a.txt', true],
    ['data/[ab].txt', 'data/c.txt', false],
    ['data/a.txt', 'data/a.txt', true],
    ['data', 'data/a.txt', false],
    ['!a', 'b', true],
    ['[', 'a', false],
    ['häuser/*', 'häuser/ß', true],
  ]
  for (const [glob, path, doesMatch] of matches) {
    test(`for "${glob}" ${doesMatch ? 'is' : 'is not'} that of "${path}"`, () => {
      assert.equal(policyFor(parsePolicy({ [glob]: 'theirs' }), path), doesMatch ? 'theirs' : 'error')
    })
  }

  const refused: [why: string, policy: unknown][] = [
    ['an unknown name', 'mine'],
    ['the empty name', ''],
    ['null', null],
    ['a number', 1],
    ['a list', ['ours']],
    ['a Map', new Map([['**', 'ours']])],
    ['an empty glob', { '': 'ours' }],
    ['a glob with a group', { '+(a|b)': 'ours' }],
    ['a glob with a range', { '{1..9}': 'ours' }],
    ['an unknown name by glob', { '*.json': 'merge' }],
    ['nothing by glob', { '*.json': undefined }],
    ['a policy that only the queue knows', 'owner'],
  ]
  for (const [why, policy] of refused) {
    test(`that is ${why} is refused, naming the option and the known ones`, () => {
      assert.throws(
        () => parsePolicy(policy),
        (error: unknown) => {
          assert.ok(error instanceof InvalidArgumentError)
          assert.equal(error.code, 'ERR_RUNLET_INVALID_ARGUMENT')
          assert.equal(error.argument, 'onConflict')
          assert.match(
            error.message,
            /^onConflict: .*Use one of error, ours, theirs, union-lines, json-merge, keep-both/,
          )
          return true
        },
      )
    })
  }

  test('of more globs than can be asked for each path is refused', () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`a${i}`, 'ours']))
    assert.throws(() => parsePolicy(many), /onConflict: has 1001 globs. Use at most 1000/)
  })

  test('whose glob is too long to match is refused', () => {
    assert.throws(() => parsePolicy({ ['x'.repeat(70_000)]: 'ours' }), InvalidArgumentError)
  })

  test('that is unknown by glob names the glob', () => {
    assert.throws(() => parsePolicy({ 'data/*.json': 'merge' }), /data\/\*\.json/)
  })
})

test('a stored rule has a glob that parsePolicy would take', () => {
  const isTaken = (glob: string) => policyRulesSchema.safeParse([{ glob, policy: 'ours' }]).success
  assert.deepEqual(['a/**', '[', '{a,b}'].map(isTaken), [true, true, true])
  assert.deepEqual(['', '+(a)', '{a,b}'.repeat(7), 'x'.repeat(1025)].map(isTaken), [false, false, false, false])
})

test('a function travels to other processes as "owner", everything else as it is', () => {
  const rules: PolicyRule[] = parsePolicy({ a: 'ours', b: mine, c: 'keep-both' })
  assert.deepEqual(portable(rules), [
    { glob: 'a', policy: 'ours' },
    { glob: 'b', policy: 'owner' },
    { glob: 'c', policy: 'keep-both' },
  ])
})
