// The units of a scope, in path order or not, against a plain Map.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes } from '../../lib/names.ts'
import { type MetUnit, Units } from '../../lib/run/retention/units.ts'

const unitOf = (key: string): MetUnit => ({
  key,
  group: '',
  number: undefined,
  at: 0,
  bytes: 0,
  goes: false,
  isCounted: false,
})

test('a unit is found by its key, and what was never added is not', () => {
  const keys = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 30 })
  const scenario = fc.property(keys, fc.array(fc.string({ unit: 'binary', maxLength: 4 })), (added, asked) => {
    const [inOrder, indexed] = [new Units(true), new Units(false)]
    const units = new Map(added.toSorted(compareBytes).map(key => [key, unitOf(key)]))
    for (const unit of units.values()) {
      inOrder.add(unit)
      indexed.add(unit)
    }
    for (const key of [...added, ...asked]) {
      assert.equal(inOrder.get(key), units.get(key))
      assert.equal(indexed.get(key), units.get(key))
    }
    assert.deepEqual(inOrder.all, [...units.values()])
  })
  fc.assert(scenario)
})
