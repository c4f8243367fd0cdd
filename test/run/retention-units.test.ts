// Units of one file each, kept as columns, against units of any files: both decide the same, and know the same keys.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes } from '../../lib/names.ts'
import type { Limits } from '../../lib/run/retention/choose.ts'
import { FileUnits, KeyedUnits } from '../../lib/run/retention/units.ts'

const NOW = 100

const path = fc.string({ unit: 'binary', maxLength: 4 })
const file = fc.record({ key: path, at: fc.nat({ max: NOW }), bytes: fc.nat({ max: 5 }) })
const limits: fc.Arbitrary<Limits> = fc.oneof(
  fc.record({ newest: fc.constant(undefined), maxAgeMs: fc.nat({ max: NOW }), maxBytes: fc.constant(undefined) }),
  fc.record({ newest: fc.constant(undefined), maxAgeMs: fc.constant(undefined), maxBytes: fc.nat({ max: 60 }) }),
)

test('where every file is a unit, columns decide as objects do', () => {
  const files = fc.uniqueArray(file, { maxLength: 30, selector: ({ key }) => key })
  const scenario = fc.property(files, limits, fc.array(path), (met, rule, others) => {
    const [columns, objects] = [new FileUnits(), new KeyedUnits()]
    for (const one of met.toSorted((a, b) => compareBytes(a.key, b.key)))
      for (const units of [columns, objects]) units.meet({ ...one, group: '', number: undefined })
    assert.equal(columns.decide(rule, NOW), objects.decide(rule, NOW))
    for (const key of [...met.map(one => one.key), ...others]) {
      const { goes, group } = objects.get(key) ?? {}
      assert.deepEqual([columns.get(key)?.goes, columns.get(key)?.group], [goes, group])
    }
  })
  fc.assert(scenario)
})
