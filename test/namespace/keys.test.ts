// Keys are read back by what lists them; anybody may put others beside them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamespaceName } from '../../lib/names.ts'
import { foldSignKey, forkKey, parseFoldSignKey, parseForkKey } from '../../lib/namespace/keys.ts'

test('what forkKey made is read back, and nothing else is taken for a fork', () => {
  const fork = { seq: 72, child: 'r', id: 'abcdefgh-fork' }
  const parent = parseNamespaceName('p')
  assert.deepEqual(parseForkKey(parent, forkKey(parent, fork)), fork)
  for (const name of [
    '72~r',
    '72~R~abcdefgh-fork',
    'x~r~abcdefgh-fork',
    '72~r~short',
    `${'9'.repeat(30)}~r~abcdefgh-fork`,
    '72~other~build-1742~abcdefgh-fork',
    'a~build-1742~b/72~other~abcdefgh-fork',
  ])
    assert.equal(parseForkKey(parent, `ns/p/_/forks/${name}`), undefined)
})

test('what foldSignKey made is read back, and nothing that has the name of another run in it passes for a sign', () => {
  const parent = parseNamespaceName('p')
  const sign = { child: 'r.1', seq: 72, id: 'abcdefgh-fork' }
  assert.deepEqual(parseFoldSignKey(parent, foldSignKey(parent, sign)), sign)
  for (const name of [
    '72~r~abcdefgh-fork',
    'folding.r~build-1742~refresh-abc',
    'folding.r.x/~build-1742~refresh-a',
    'folding.r',
    'folding.r.abcdefgh-fork',
    'folding.r.7x.abcdefgh-fork',
    'folding.r~build-1742~x.7.abcdefgh-fork',
  ])
    assert.equal(parseFoldSignKey(parent, `ns/p/_/forks/${name}`), undefined)
})
