// A run that is moved to its parent as it is now, and one that is thrown away.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessDeniedError, ConflictError, NamespaceSealedError, StoreError } from '../../lib/errors.ts'
import { Store } from '../../lib/runlet.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { contents, text } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

describe('refresh', () => {
  test('refuses a path that both changed, and leaves the run where it was', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      const run = await parent.fork('r')
      await run.put('x', 'run')
      await parent.put('x', 'parent')
      await parent.put('y', 'parent')
      await assert.rejects(run.refresh(), ConflictError)
      assert.deepEqual(await contents(run), { x: 'run' })
      assert.equal(world.keys('ns/p/_/forks/').length, 1)
    }))

  test('whose outcome stays unknown leaves the pin that the run may stand on (G9)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      let refreshing = false
      let cut = false
      const flaky = world.client({
        weather: request => {
          if (refreshing && request.phase === 'after' && request.key === 'ns/p/r/_/head' && request.operation === 'put')
            cut = true
          return cut && request.operation !== 'delete' ? 'lose' : 'pass'
        },
      })
      const run = await (await flaky.store.namespace('p')).fork('r')
      await parent.put('a', '2')
      refreshing = true
      await assert.rejects(run.refresh(), StoreError)
      assert.equal(text(await (await world.client().store.namespace('p/r')).get('a')), '2')
    }))

  test('settles it by policy, and the fold then finds no conflict', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('log', 'a\n')
      const run = await parent.fork('r', { onConflict: { '**': 'union-lines' } })
      await run.put('log', 'a\nrun\n')
      await parent.put('log', 'a\nparent\n')
      await run.refresh()
      assert.equal(text(await run.get('log')), 'a\nparent\nrun\n')
      await run.fold({ onConflict: 'error' })
      assert.equal(text(await parent.get('log')), 'a\nparent\nrun\n')
    }))
})

describe('discard', () => {
  test('is done by who may write the run alone; its pin waits for who may write the parent', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await (await parent.fork('r')).release()
      const { objects, ambient } = world.client()
      const restricted: ObjectStore = Object.assign(Object.create(objects), {
        delete: async ([key = '']: readonly string[]) => {
          throw new AccessDeniedError('delete', key, 'AccessDenied (403)')
        },
      })
      const run = await (await new Store(restricted, ambient, 'run').namespace('p')).resume('r')
      await run.discard()
      await assert.rejects(run.put('x', '1'), NamespaceSealedError)
      assert.equal(world.keys('ns/p/_/forks/').length, 1)
      await (await parent.resume('r')).discard()
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
    }))

  test('leaves the parent as it was, twice if need be, and refuses a folded run', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('x', '1')
      await run.discard()
      await run.discard()
      assert.deepEqual(await contents(parent), {})
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
      const folded = await parent.fork('f')
      await folded.put('y', '1')
      await folded.fold()
      await assert.rejects(folded.discard(), NamespaceSealedError)
    }))
})
