// The comparison itself at its smallest: that all ways really write, and that the lock gives up when it should.
import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { Base } from './base.ts'
import { simulateCell } from './matrix.ts'
import { WAYS } from './ways.ts'

let base: Base
before(async () => {
  base = await Base.build(1000)
})

for (const way of WAYS) {
  test(`every write of four at once is done: ${way}`, async () => {
    const { done, writes } = await simulateCell(base, way, 4)
    assert.deepEqual([done, writes], [20, 20])
  })
}

test('a write of one process alone under the lock is five requests', async () => {
  assert.equal((await simulateCell(base, 'whole', 1)).requests, 5)
})
