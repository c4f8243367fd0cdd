// Meters: what some piece of work cost at the store, and the work around it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Meter, metered, unmetered } from '../../lib/store/metered-store.ts'
import { World } from '../support/world.ts'

const nothing = (): Meter => ({ requests: 0, bytesUp: 0, bytesDown: 0 })

test('a fold, which meters itself, is on the meter of the work around it too', () => {
  const world = new World()
  return world.run(async () => {
    const client = world.client()
    const parent = await client.store.namespace('p', { create: true })
    const around = nothing()
    client.requests.length = 0
    const folded = await metered(around, async () => {
      const run = await parent.fork('r')
      await run.put('a', 'x'.repeat(1000))
      return run.fold()
    })
    assert.equal(around.requests, client.requests.length)
    assert.ok(folded.requests > 0 && folded.requests < around.requests)
    assert.ok(around.bytesUp > 1000)
  })
})

test('upkeep is on no meter, however deep it begins', () => {
  const world = new World()
  return world.run(async () => {
    const parent = await world.client().store.namespace('p', { create: true })
    const [outer, inner] = [nothing(), nothing()]
    await metered(outer, () => metered(inner, () => unmetered(() => parent.put('a', 'x'))))
    assert.deepEqual([outer, inner], [nothing(), nothing()])
  })
})
