// Telling of long work in a copy: in between, not too often, and at the end.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { Progress } from '../../lib/sync/progress.ts'

test('work is told of while it is under way, at most ten times a second, and whole at its end', () => {
  const told: number[] = []
  let now = 0
  const progress = new Progress({ ...systemAmbient, monotonic: () => now }, files => told.push(files))
  for (let file = 0; file < 1000; file++) {
    now += 1
    progress.add(1)
  }
  progress.end()
  assert.deepEqual(told, [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  progress.add(5)
  progress.end()
  progress.end()
  assert.equal(told.at(-1), 1005)
  assert.equal(told.length, 11)
})
