// The set of ids that a sweep met, against a plain Set.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { newId } from '../../lib/namespace/object-id.ts'
import { IdSet } from '../../lib/run/sweep/id-set.ts'

test('an id is new the first time only, however many there are', () => {
  const ids = Array.from({ length: 20_000 }, () => newId(systemAmbient))
  const met = new IdSet()
  assert.ok(ids.every(id => met.add(id)))
  assert.ok(ids.every(id => !met.add(id)))
  assert.ok(met.add(newId(systemAmbient)))
})

test('ids that are made by no rule of ours are told apart too', () => {
  const met = new IdSet()
  for (const id of ['00000000', '00000001', 'zzzzzzzzzzzz', 'aaaa-bbbb-cccc', '0----------', '0-aaaaaaaaa']) {
    assert.ok(met.add(id), id)
    assert.ok(!met.add(id), id)
  }
})
