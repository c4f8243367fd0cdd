// What a sweep must not do, whoever sleeps, crashes or comes back while it is under way (G1, G5, G9).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LeaseLostError, NamespaceSealedError, OpenChildrenError } from '../../lib/errors.ts'
import type { Fate, MemoryRequest } from '../../lib/store/memory/memory-store.ts'
import { text, type World } from '../support/world.ts'
import { DAY, HOUR, inWorld, large, sweepTwice } from './sweep-world.ts'

const MINUTE = 60_000

/** A client that does `meanwhile` before it sends the first request that `matches`, or has its answer, once it is `armed`. */
function interrupted(
  world: World,
  matches: (request: MemoryRequest) => boolean,
  meanwhile: () => Promise<unknown>,
  when: MemoryRequest['phase'] = 'before',
) {
  const state = { armed: true, met: false }
  const client = world.client({
    weather: async (request): Promise<Fate> => {
      if (state.armed && !state.met && request.phase === when && matches(request)) {
        state.met = true
        await meanwhile()
      }
      return 'pass'
    },
  })
  return Object.assign(state, { client })
}

const puts =
  (part: string) =>
  ({ operation, key }: MemoryRequest): boolean =>
    operation === 'put' && key.includes(part)

describe('a sweep that slept for days', () => {
  test('takes nothing for an orphan that was written while it slept', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('first', large('1'))
      await me.store.sweep()
      await me.ambient.sleep(2 * DAY)
      await parent.put('second', large('2'))
      const slow = interrupted(world, puts('ns/p/_/sweep/seen'), async () => {
        await me.ambient.sleep(1.5 * DAY)
        await parent.put('third', large('3'))
        await parent.compact()
        await me.ambient.sleep(0.5 * DAY)
      })
      await slow.client.store.sweep()
      await sweepTwice(me)
      for (let i = 0; i < 3; i++) {
        await me.ambient.sleep(DAY + HOUR)
        await sweepTwice(me)
      }
      assert.ok(slow.met)
      const other = await world.client().store.namespace('p')
      assert.equal(text(await other.get('third')), large('3'))
    }))

  test('takes nothing for dropped that another sweep has seen in a newer head', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('0'))
      await sweepTwice(me)
      const slow = interrupted(
        world,
        ({ operation, key }) => operation === 'get' && key === 'ns/p/_/sweep/seen',
        async () => {
          await parent.put('a', large('1'))
          await me.store.sweep()
        },
      )
      await slow.client.store.sweep()
      assert.ok(slow.met)
      await parent.fork('r', { ttlMs: 6 * HOUR })
      await parent.put('a', large('2'))
      for (let i = 0; i < 2; i++) await sweepTwice(me)
      const run = await world.client().store.namespace('p/r')
      assert.equal(text(await run.get('a')), large('1'))
    }))

  test('lists nothing of a run that was folded meanwhile, and whose id is in use again', () =>
    inWorld(async (world, me, parent) => {
      const first = await parent.fork('r', { ttlMs: 6 * HOUR })
      await first.put('x', large('x'))
      await me.ambient.sleep(1.5 * DAY)
      await me.store.sweep()
      await me.ambient.sleep(1.5 * DAY)
      await first.put('y', large('y'))
      const slow = interrupted(world, puts('ns/p/r/_/sweep/'), async () => {
        await first.fold()
        await parent.fork('r', { ttlMs: 6 * HOUR })
      })
      await slow.client.store.sweep()
      for (let i = 0; i < 3; i++) {
        await me.ambient.sleep(DAY + HOUR)
        await sweepTwice(me)
      }
      assert.ok(slow.met)
      const other = await world.client().store.namespace('p')
      assert.equal(text(await other.get('x')), large('x'))
      assert.equal(text(await other.get('y')), large('y'))
    }))

  test('lists nothing of a run whose folder was emptied meanwhile, for the next one of its id to delete', () =>
    inWorld(async (world, me, parent) => {
      const first = await parent.fork('r', { ttlMs: 6 * HOUR })
      await first.put('x', large('x'))
      await me.ambient.sleep(1.5 * DAY)
      await me.store.sweep()
      await me.ambient.sleep(1.5 * DAY)
      await first.put('y', large('y'))
      const slow = interrupted(world, puts('ns/p/r/_/sweep/'), async () => {
        await first.fold()
        await sweepTwice(me)
      })
      await slow.client.store.sweep()
      assert.ok(slow.met)
      await parent.fork('r', { ttlMs: 6 * HOUR })
      for (let i = 0; i < 3; i++) {
        await me.ambient.sleep(DAY + HOUR)
        await sweepTwice(me)
      }
      const other = await world.client().store.namespace('p')
      assert.equal(text(await other.get('x')), large('x'))
    }))
})

describe('a sweep beside a writer that sleeps for hours, and is not too old yet', () => {
  test('takes what it has put for no orphan, though the daily look and a grace period come between', () =>
    inWorld(async (world, me) => {
      await me.store.sweep() // from what it notes on, there is something to look for a day later
      await me.ambient.sleep(DAY + HOUR)
      const looks = () => world.peek('ns/p/_/sweep/orphans').next.at
      const before = looks()
      const slow = interrupted(world, puts('ns/p/_/head'), async () => {
        for (let hour = 0; hour < 6; hour++) {
          await me.ambient.sleep(HOUR)
          await me.store.sweep()
        }
      })
      await (await slow.client.store.namespace('p')).put('late', large('l'))
      assert.ok(slow.met)
      assert.ok(looks() > before, 'the daily look has come between')
      await sweepTwice(me)
      const other = await world.client().store.namespace('p')
      assert.equal(text(await other.get('late')), large('l'))
    }))
})

describe('a sweep beside a fork', () => {
  test('leaves the pin of a run whose id was used before and whose head is still to come', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('a'))
      const first = await parent.fork('r', { ttlMs: 6 * HOUR })
      await first.put('x', '1')
      await first.fold()
      const slow = interrupted(world, puts('ns/p/r/_/head'), async () => {
        await me.ambient.sleep(MINUTE)
        await me.store.sweep()
      })
      await (await slow.client.store.namespace('p')).fork('r', { ttlMs: 6 * HOUR })
      assert.ok(slow.met)
      const other = await world.client().store.namespace('p/r')
      assert.equal(text(await other.get('a')), large('a'))
    }))

  test('that mends one that was cut short leaves what it stands on', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      const dying = interrupted(world, puts('/forks/'), () => new Promise(() => undefined))
      void (await dying.client.store.namespace('p')).fork('r')
      await me.ambient.sleep(MINUTE)
      dying.client.kill()
      await me.ambient.sleep(10 * MINUTE)
      const slow = interrupted(world, puts('/forks/'), async () => {
        await parent.put('a', large('2'))
        for (let i = 0; i < 3; i++) await sweepTwice(me)
      })
      const run = await (await slow.client.store.namespace('p')).resume('r')
      assert.ok(slow.met)
      assert.equal(text(await run.get('a')), large('2'))
    }))
})

describe('a refresh that slept for days before the head of its run was swapped', () => {
  test('does not stand on a pin that a sweep took for one of a crash', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      const slow = interrupted(world, puts('ns/p/r/_/head'), async () => {
        await me.ambient.sleep(2 * DAY)
        await me.store.sweep()
      })
      slow.armed = false
      const run = await (await slow.client.store.namespace('p')).fork('r', { ttlMs: 6 * HOUR })
      await run.put('x', '1')
      await parent.put('a', large('2'))
      slow.armed = true
      await run.refresh()
      assert.ok(slow.met)
      const other = await world.client().store.namespace('p/r')
      assert.equal(text(await other.get('a')), large('2'))
      assert.equal(text(await other.get('x')), '1')
    }))
})

describe('a fold that brings back a value that its parent had written anew', () => {
  for (const [when, list] of [
    ['before', 2],
    ['after', 3],
  ] as const) {
    test(`loses it to no sweep that looks at the forks ${when} it`, () =>
      inWorld(async (world, me, parent) => {
        await parent.put('a', large('0'))
        const run = await parent.fork('r', { ttlMs: 6 * HOUR })
        await run.put('a', large('0'))
        await parent.put('a', large('1'))
        await run.refresh() // says of "a" what its parent said
        await me.store.sweep()
        await parent.put('a', large('1'))
        await sweepTwice(me)
        await parent.put('b', 'x')
        let looks = 0
        const isLook = ({ operation, key }: MemoryRequest) =>
          operation === 'list' && key.startsWith('ns/p/_/forks/') && ++looks === list
        const slow = interrupted(world, isLook, () => run.fold())
        await slow.client.store.sweep()
        if (!slow.met) await run.fold()
        await sweepTwice(me)
        const other = await world.client().store.namespace('p')
        assert.equal(text(await other.get('a')), large('1'))
      }))
  }
})

describe('a fold that slept on its way to the queue', () => {
  test('brings back nothing that was swept meanwhile', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('0'))
      const slow = interrupted(world, puts('/queue/'), async () => {
        await parent.put('a', large('1'))
        for (let i = 0; i < 2; i++) await sweepTwice(me)
      })
      const theirs = await slow.client.store.namespace('p')
      const run = await theirs.fork('r', { onConflict: 'ours', ttlMs: 6 * HOUR })
      await run.put('a', large('r'))
      await run.put('b', large('b'))
      await parent.put('a', large('1'))
      await me.store.sweep()
      const leader = interrupted(world, puts('ns/p/_/head'), async () => leader.client.kill())
      leader.armed = false
      const led = await (await leader.client.store.namespace('p')).fork('led')
      await led.put('c', 'c')
      leader.armed = true
      void led.fold()
      await me.ambient.sleep(1_000)
      await theirs.get('a') // so it queues up with what is to lie on top
      await run.fold()
      assert.ok(slow.met)
      const other = await world.client().store.namespace('p')
      assert.equal(text(await other.get('a')), large('1'))
      assert.equal(text(await other.get('b')), large('b'))
    }))
})

describe('a run that is ended by a sweep', () => {
  test('is not opened again by an owner that slept while it folded', () =>
    inWorld(async (world, me) => {
      const helper = world.client()
      let heads = 0
      const asleep = interrupted(
        world,
        request => puts('ns/p/r/_/head')(request) && ++heads === 2,
        async () => asleep.client.freeze(),
      )
      asleep.armed = false
      const run = await (await asleep.client.store.namespace('p')).fork('r')
      await run.put('x', '1')
      const inner = await (await helper.store.namespace('p/r')).fork('inner')
      asleep.armed = true
      const folding = run.fold().then(
        () => undefined,
        (error: unknown) => error,
      )
      await me.ambient.sleep(MINUTE)
      await inner.discard()
      await me.ambient.sleep(5 * MINUTE)
      let swaps = 0
      const sweeper = interrupted(
        world,
        request => puts('ns/p/r/_/head')(request) && ++swaps === 2,
        async () => {
          asleep.client.thaw()
          await me.ambient.sleep(MINUTE)
        },
      )
      await sweeper.client.store.sweep()
      assert.ok(asleep.met && sweeper.met)
      assert.ok((await folding) instanceof LeaseLostError)
      assert.equal(world.peek('ns/p/r/_/head').state, 'folded')
    }))

  test('is not discarded while another is being forked from it', () =>
    inWorld(async (world, me, parent) => {
      const slow = interrupted(world, puts('ns/p/r/_/head'), () => me.ambient.sleep(MINUTE))
      slow.armed = false
      const run = await (await slow.client.store.namespace('p')).fork('r')
      await run.put('x', large('x'))
      slow.armed = true
      const discarding = run.discard()
      await me.ambient.sleep(MINUTE / 2)
      const inner = await (await me.store.namespace('p/r')).fork('inner', { ttlMs: 6 * HOUR })
      await inner.put('y', large('y'))
      await assert.rejects(discarding, OpenChildrenError)
      for (let i = 0; i < 2; i++) await sweepTwice(me)
      assert.equal(text(await inner.get('x')), large('x'))
      assert.equal(text(await inner.get('y')), large('y'))
      await inner.fold()
      await run.fold()
      assert.equal(text(await parent.get('y')), large('y'))
    }))

  test('is kept as long as was asked for, though its owner had a clock that is years behind', () =>
    inWorld(async (world, me) => {
      const owner = world.client({ skewMs: -10 * 365 * DAY })
      const run = await (await owner.store.namespace('p')).fork('r', { onError: 'keep' })
      await run.put('x', '1')
      await me.ambient.sleep(DAY)
      owner.kill()
      await me.ambient.sleep(HOUR)
      const { runs } = await me.store.sweep()
      assert.deepEqual(runs, [{ name: 'p/r', was: 'open', done: 'kept' }])
      await me.ambient.sleep(20 * DAY)
      const later = await me.store.sweep()
      assert.deepEqual(later.runs, [{ name: 'p/r', was: 'open', done: 'discarded' }])
    }))

  test('is folded once its fold was begun, however long ago that was', () =>
    inWorld(async (world, me, parent) => {
      const owner = interrupted(world, puts('ns/p/_/head'), async () => owner.client.kill())
      owner.armed = false
      const run = await (await owner.client.store.namespace('p')).fork('r')
      await run.put('x', '1')
      owner.armed = true
      void run.fold()
      await me.ambient.sleep(30 * DAY)
      assert.equal(world.peek('ns/p/r/_/head').state, 'sealed')
      const { runs } = await me.store.sweep()
      assert.deepEqual(runs, [{ name: 'p/r', was: 'sealed', done: 'folded' }])
      assert.equal(text(await parent.get('x')), '1')
    }))
})

describe('a run of an id that was used before', () => {
  test('is not emptied before a grace period has passed since its own end', () =>
    inWorld(async (world, me, parent) => {
      const values = () => world.keys('ns/p/r/_/values/').length
      const first = await parent.fork('r')
      await first.put('x', large('1'))
      await first.discard()
      await me.ambient.sleep(2 * HOUR)
      const second = await parent.fork('r')
      await second.put('x', large('2'))
      await second.discard()
      await me.store.sweep()
      assert.equal(values(), 2)
      for (let i = 0; i < 2; i++) await sweepTwice(me)
      assert.equal(values(), 0)
    }))
})

describe('a fork of a run', () => {
  test('does not come to stand on the next one of its id', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('a'))
      const first = await parent.fork('r')
      await first.put('x', large('x'))
      const slow = interrupted(world, puts('ns/p/r/_/forks/'), async () => {
        await me.ambient.sleep(MINUTE)
        await first.fold()
        await parent.fork('r')
      })
      const forking = (await slow.client.store.namespace('p/r')).fork('inner')
      await assert.rejects(forking, NamespaceSealedError)
      assert.ok(slow.met)
    }))
})

describe('a fold that slept for hours before it sealed its run', () => {
  test('puts nothing into the folders of runs that have ended and were emptied meanwhile', () =>
    inWorld(async (world, me, parent) => {
      let before: string[] = []
      const outer = await parent.fork('r', { ttlMs: 5_000 })
      await outer.release()
      const slow = interrupted(
        world,
        ({ operation, key }) => operation === 'get' && key === 'ns/p/r/_/head',
        async () => {
          slow.client.freeze() // with its leases
          await me.ambient.sleep(MINUTE)
          const theirs = await parent.resume('r')
          await (await theirs.resume('inner')).fold()
          await theirs.fold()
          for (let i = 0; i < 2; i++) await sweepTwice(me)
          before = world.keys('ns/p/r/')
          slow.client.thaw()
        },
        'after',
      )
      slow.armed = false
      const mine = await (await slow.client.store.namespace('p')).resume('r', { ttlMs: 5_000 })
      const inner = await mine.fork('inner', { ttlMs: 5_000 })
      await inner.put('x', large('x'))
      slow.armed = true
      await assert.rejects(inner.fold(), LeaseLostError)
      assert.ok(slow.met)
      assert.deepEqual(world.keys('ns/p/r/'), before)
    }))
})
