import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { ownStart, startOf } from '../../../../lib/integrations/swamp/sync/process-start.ts'

test('the start of a process stays the same while it lives, and another process has another one', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  try {
    const started = await startOf(child.pid ?? 0)
    assert.ok(started)
    assert.equal(await startOf(child.pid ?? 0), started)
    assert.equal(await ownStart(), await startOf(process.pid))
    assert.notEqual(await startOf(process.pid), started)
  } finally {
    child.kill('SIGKILL')
  }
})

test('one that has ended has no start', async () => {
  assert.equal(await startOf(spawnSync(process.execPath, ['-e', '']).pid), undefined)
})
