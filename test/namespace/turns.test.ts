// The head of a namespace in one process: its swaps take turns, and none keeps the turn until it has won.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace, put } from '../../lib/namespace/namespace.ts'
import { World } from '../support/world.ts'

const MOST_LOSSES = 8

test('upkeep whose swap is lost again and again lets the writes of its own process come between', async () => {
  const world = new World()
  await world.run(async () => {
    const [mine, other] = [world.client(), world.client()]
    const theirs = await other.store.namespace('p', { create: true })
    const open = openNamespace(mine.objects, parseNamespaceName('p'), mine.ambient)
    await open.head.refresh()
    let [written, losses] = [false, 0]
    const upkeep = open.head.update(async ({ write: _, ...head }) => {
      if (!written && losses < MOST_LOSSES) await theirs.put(`busy/${losses++}`, 'x')
      return head
    })
    const by = { author: 'me', rules: [], suffix: '' }
    const own = put(open, { path: 'mine', value: 'x' }, by, {}).then(() => {
      written = true
    })
    await Promise.all([upkeep, own])
    assert.ok(losses < MOST_LOSSES, 'the write had to wait until nobody came between')
  })
})
