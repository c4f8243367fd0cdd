// Events are published where the work was asked for, as async_hooks see it: a subscriber can tell whose they are.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import type { CommitEvent } from '../../lib/events.ts'
import { World } from '../support/world.ts'

test('a commit is published in the scope of who asked for it, though another one of the process was under way', async () => {
  const caller = new AsyncLocalStorage<string>()
  const callers: [seq: number, caller: string | undefined][] = []
  const note = (event: unknown) => callers.push([(event as CommitEvent).seq, caller.getStore()])
  const world = new World()
  subscribe('runlet:commit', note)
  try {
    await world.run(async () => {
      const { store, ambient } = world.client()
      const namespace = await store.namespace('p', { create: true })
      const first = caller.run('first', () => namespace.put('a', '1'))
      await ambient.sleep(1) // the first one's swap is on its way by now, and takes 10 ms
      const second = caller.run('second', () => namespace.put('b', '2'))
      await Promise.all([first, second])
    })
  } finally {
    unsubscribe('runlet:commit', note)
  }
  assert.deepEqual(callers, [
    [1, 'first'],
    [2, 'second'],
  ])
})
