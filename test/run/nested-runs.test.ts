// Runs that were forked from runs.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError, OpenChildrenError } from '../../lib/errors.ts'
import { contents, text, type World } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

describe('nested runs', () => {
  test('fold into their parents, innermost first', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      await outer.put('b', '2')
      const inner = await outer.fork('inner')
      await inner.put('c', '3')
      assert.deepEqual(await contents(inner), { a: '1', b: '2', c: '3' })
      await assert.rejects(outer.fold(), OpenChildrenError)
      await outer.put('d', '4')
      await inner.fold()
      assert.deepEqual(await contents(outer), { a: '1', b: '2', c: '3', d: '4' })
      await outer.fold()
      assert.deepEqual(await contents(await world.client().store.namespace('p')), { a: '1', b: '2', c: '3', d: '4' })
    }))

  test('that stand in the way of a fold which an earlier one began do not open the run again: its change may still be queued', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const dying = world.client({
        weather: request => {
          if (request.phase === 'after' && request.operation === 'put' && sealed(world)) dying.kill()
          return 'pass'
        },
      })
      const outer = await (await dying.store.namespace('p')).fork('outer', { ttlMs: 2_000 })
      await outer.put('a', '1')
      await outer.fork('inner')
      void outer.fold()
      await world.time.ambient().sleep(10_000)
      await assert.rejects((await parent.resume('outer')).fold(), OpenChildrenError)
      assert.equal(world.peek('ns/p/outer/_/head').state, 'sealed')
    }))

  test('keep reading what they were forked from after their parent was refreshed', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      const inner = await outer.fork('inner')
      await parent.put('a', '2')
      await outer.refresh()
      assert.equal(text(await outer.get('a')), '2')
      const reader = await world.client().store.namespace('p/outer/inner')
      assert.equal(text(await reader.get('a')), '1')
      await inner.put('b', '1')
      await inner.fold()
      await outer.fold()
      assert.deepEqual(await contents(parent), { a: '2', b: '1' })
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
    }))

  test('find a conflict when their parent was refreshed over a path that they changed', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      const inner = await outer.fork('inner')
      await inner.put('a', 'inner')
      await parent.put('a', '2')
      await outer.refresh()
      await assert.rejects(inner.fold(), ConflictError)
      await inner.fold({ onConflict: 'theirs' })
      await outer.fold()
      assert.deepEqual(await contents(parent), { a: 'inner' })
    }))
})

const sealed = (world: World): boolean => world.peek('ns/p/outer/_/head')?.state === 'sealed'
