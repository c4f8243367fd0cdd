// The memory store passes the store suite.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ambient } from '../../lib/ambient.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'
import { storeSuite } from './suite.ts'

storeSuite('the memory store', async () => ({ store: new MemoryStore(), done: async () => {} }))

test('long work on a memory store lets timers run now and then, or no lease would be renewed meanwhile', async () => {
  let [now, breaths] = [0, 0]
  const ambient: Ambient = {
    ...new VirtualTime().ambient(),
    monotonic: () => ++now,
    sleep: async () => {
      breaths += 1
    },
  }
  const store = new MemoryStore({ ambient })
  for (let i = 0; i < 500; i++) await store.put('a', Buffer.from('x'))
  assert.ok(breaths >= 5 && breaths <= 50, `${breaths} in 500 requests`)
})
