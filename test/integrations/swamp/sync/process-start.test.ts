import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { ownStart, startOf } from '../../../../lib/integrations/swamp/sync/process-start.ts'

test('the start of a process stays the same while it lives, and tells it from another', async () => {
  const started = await startOf(process.ppid)
  assert.ok(started)
  assert.equal(await startOf(process.ppid), started)
  assert.equal(await ownStart(), await startOf(process.pid))
  assert.notEqual(await ownStart(), started)
})

test('a process that has ended has none', async () => {
  assert.equal(await startOf(spawnSync(process.execPath, ['-e', '']).pid), undefined)
})
