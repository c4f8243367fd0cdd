// Pins of a run from before it was refreshed: they go once nobody can stand on them, and no earlier (G8, G9).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Namespace, Run } from '../../lib/runlet.ts'
import { type Client, text, type World } from '../support/world.ts'
import { DAY, HOUR, inWorld, large } from './sweep-world.ts'

const pinsIn = (world: World) => world.keys('ns/p/_/forks/').length
const oldBasesIn = (world: World): unknown[] => world.peek('ns/p/r/_/head').oldBases ?? []

/** Days of a sweep each. */
async function sweepFor(days: number, { store, ambient }: Client): Promise<void> {
  for (let day = 0; day < days; day++) {
    await ambient.sleep(DAY + HOUR)
    assert.deepEqual((await store.sweep()).problems, [])
  }
}

/** The parent writes one path anew, and the run stands on it. */
async function moveOn(version: string, { parent, run }: { parent: Namespace; run: Run }): Promise<void> {
  await parent.put('a', large(version))
  await run.refresh()
}

describe('a run that is refreshed again and again', () => {
  test('keeps the pins of the last days only, and nothing of its parent that only earlier ones held', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r', { ttlMs: 6 * HOUR })
      await run.put('own', 'x')
      const sizes: { pins: number; bases: number; objects: number }[] = []
      for (let day = 0; day < 8; day++) {
        for (let hour = 0; hour < 6; hour++) {
          await moveOn(`${day}-${hour};`, { parent, run })
          await me.ambient.sleep(4.2 * HOUR)
        }
        assert.deepEqual((await me.store.sweep()).problems, [])
        const objects = world.keys('ns/p/_/values/').length + world.keys('ns/p/_/packs/').length
        sizes.push({ pins: pinsIn(world), bases: oldBasesIn(world).length, objects })
      }
      const [then, now] = [sizes[3], sizes[7]]
      assert.ok(then && now)
      assert.equal(now.pins, then.pins)
      assert.equal(now.bases, now.pins - 1)
      assert.ok(now.bases <= 12, `${now.bases}`)
      assert.ok(now.objects <= then.objects, JSON.stringify(sizes))
      assert.equal(text(await run.get('a')), large('7-5;'))
      await run.fold()
      assert.equal(pinsIn(world), 0)
      assert.equal(text(await parent.get('own')), 'x')
    }))

  test('keeps the pin on which a run of its own stands, and not those from before', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r', { ttlMs: 6 * HOUR })
      for (const version of ['1', '2', '3']) await moveOn(version, { parent, run })
      const inner = await run.fork('inner', { ttlMs: 6 * HOUR })
      for (const version of ['4', '5']) await moveOn(version, { parent, run })
      assert.equal(oldBasesIn(world).length, 5)
      await sweepFor(4, me)
      // Those from "3", on which the inner one stands, and from "4", that came after it; the run itself stands on "5".
      assert.equal(oldBasesIn(world).length, 2)
      assert.equal(pinsIn(world), 3)
      const elsewhere = await world.client().store.namespace('p/r/inner')
      assert.equal(text(await elsewhere.get('a')), large('3'))
      assert.equal(text(await run.get('a')), large('5'))
      await inner.put('b', 'x')
      await inner.fold()
      await sweepFor(1, me)
      assert.equal(oldBasesIn(world).length, 0)
      assert.equal(pinsIn(world), 1)
      await run.fold()
      assert.equal(text(await parent.get('b')), 'x')
    }))

  test('is forked by nobody from a state that its pins no longer hold, however long that fork slept', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('0'))
      const run = await parent.fork('r', { ttlMs: 6 * HOUR })
      let slept = false
      const sleeper = world.client({
        weather: async ({ operation, key, phase }) => {
          if (!slept && operation === 'put' && phase === 'before' && key.startsWith('ns/p/r/_/forks/')) {
            slept = true
            await moveOn('1', { parent, run })
            await sweepFor(4, me)
          }
          return 'pass' as const
        },
      })
      const inner = await (await sleeper.store.namespace('p/r')).fork('inner', { ttlMs: 6 * HOUR })
      assert.ok(slept)
      assert.equal(oldBasesIn(world).length, 0)
      const elsewhere = await world.client().store.namespace('p/r/inner')
      assert.equal(text(await elsewhere.get('a')), large('1'))
      await inner.put('b', 'x')
      await inner.fold()
    }))

  test('tells what a sweep would take of it, which then takes just that', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r', { ttlMs: 6 * HOUR })
      for (const version of ['1', '2', '3']) await moveOn(version, { parent, run })
      const before = world.peek('ns/p/r/_/head')
      assert.equal((await me.store.sweep({ dryRun: true })).removed.byKind.forks?.objects ?? 0, 0)
      assert.deepEqual(world.peek('ns/p/r/_/head'), before)
      await sweepFor(1, me)
      // A read or write that began by them may still go on.
      await me.ambient.sleep(23 * HOUR)
      await me.store.sweep()
      assert.equal(pinsIn(world), 4)
      await me.ambient.sleep(2 * HOUR)
      const told = (await me.store.sweep({ dryRun: true })).removed
      assert.equal(pinsIn(world), 4)
      const { removed } = await me.store.sweep()
      assert.deepEqual(told.byKind.forks, removed.byKind.forks)
      assert.equal(pinsIn(world), 1)
    }))

  test('is folded when its owner has died, though the pin of its fork, which says so, is from before', () =>
    inWorld(async (world, me, parent) => {
      const dying = world.client()
      const run = await (await dying.store.namespace('p')).fork('r', { onError: 'fold', ttlMs: 6 * HOUR })
      await run.put('own', 'x')
      for (const version of ['1', '2']) await moveOn(version, { parent, run })
      await sweepFor(3, me)
      assert.equal(pinsIn(world), 2)
      dying.kill()
      await me.ambient.sleep(DAY)
      const { runs, problems } = await me.store.sweep()
      assert.deepEqual(problems, [])
      assert.deepEqual(runs, [{ name: 'p/r', was: 'open', done: 'folded' }])
      assert.equal(text(await parent.get('own')), 'x')
    }))

  test('and is ended by the sweep that removes them, has each pin counted once', () =>
    inWorld(async (world, me, parent) => {
      const dying = world.client()
      const run = await (await dying.store.namespace('p')).fork('r', { onError: 'discard', ttlMs: 6 * HOUR })
      for (const version of ['1', '2', '3']) await moveOn(version, { parent, run })
      await sweepFor(1, me)
      assert.equal(pinsIn(world), 4)
      dying.kill()
      await me.ambient.sleep(DAY + HOUR)
      const { runs, removed } = await me.store.sweep()
      assert.deepEqual(runs, [{ name: 'p/r', was: 'open', done: 'discarded' }])
      assert.equal(removed.byKind.forks?.objects, 4)
      assert.equal(pinsIn(world), 0)
    }))

  test('and whose sweep is killed before it has removed a pin, has it removed by the next one', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r', { ttlMs: 6 * HOUR })
      for (const version of ['1', '2', '3']) await moveOn(version, { parent, run })
      await sweepFor(1, me)
      await me.ambient.sleep(DAY + HOUR)
      const dying = world.client({
        weather: ({ operation, key, phase }) => {
          if (operation === 'delete' && phase === 'before' && key.startsWith('ns/p/_/forks/')) dying.kill()
          return 'pass'
        },
      })
      void dying.store.sweep()
      await me.ambient.sleep(HOUR)
      assert.deepEqual([oldBasesIn(world).length, pinsIn(world)], [0, 4])
      assert.deepEqual((await me.store.sweep()).problems, [])
      assert.equal(pinsIn(world), 1)
      assert.equal(text(await run.get('a')), large('3'))
    }))
})
