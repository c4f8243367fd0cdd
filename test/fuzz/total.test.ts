// That all of the fuzzing together is as much as was promised.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CASES } from './tried.ts'

test('a hundred thousand cases are tried', t => {
  const total = Object.values(CASES).reduce((sum, cases) => sum + cases, 0)
  t.diagnostic(`fuzz: ${total} cases`)
  assert.ok(total >= 100_000, `${total}`)
})
