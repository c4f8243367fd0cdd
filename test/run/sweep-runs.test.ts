// The sweep and runs, on virtual time: what it finishes, and what becomes of the folders of open, ended and abandoned ones.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { type Client, contents, text } from '../support/world.ts'
import { DAY, HOUR, inWorld, large, sweepTwice } from './sweep-world.ts'

describe('a sweep', () => {
  test('leaves what an open run reaches, and takes it when the run has ended (G9)', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      const run = await parent.fork('r')
      await parent.put('a', large('2'))
      for (let i = 0; i < 40; i++) await parent.put(`b/${i}`, 'x'.repeat(1_000))
      await parent.compact()
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(text(await run.get('a')), large('1'))
      await run.discard()
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 1)
      assert.equal(text(await parent.get('a')), large('2'))
    }))

  test('takes what only a run had held since before any sweep saw it, when the run has ended', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('0'))
      await sweepTwice(me)
      await parent.put('a', large('1'))
      const run = await parent.fork('r')
      await parent.put('a', large('2'))
      for (let i = 0; i < 40; i++) await parent.put(`b/${i}`, 'x'.repeat(1_000))
      await parent.compact()
      for (let i = 0; i < 60; i++) {
        await me.ambient.sleep(HOUR)
        await me.store.sweep()
      }
      assert.equal(text(await run.get('a')), large('1'))
      await run.discard()
      for (let i = 0; i < 60; i++) {
        await me.ambient.sleep(HOUR)
        await me.store.sweep()
      }
      assert.equal(world.keys('ns/p/_/values/').length, 1)
    }))

  test('empties the folder of a folded run, but for what its parent adopted', () =>
    inWorld(async (world, me, parent) => {
      await me.store.sweep()
      const run = await parent.fork('r')
      await run.put('kept', large('k'))
      await run.put('gone', large('1'))
      await run.put('gone', large('2'))
      for (let i = 0; i < 30; i++) await run.put(`n/${i}`, 'x'.repeat(2_000))
      await run.fold()
      const before = await contents(parent)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.equal(world.keys('ns/p/r/_/values/').length, 2)
      await parent.delete('gone')
      await parent.delete('kept')
      await sweepTwice(me)
      assert.deepEqual(world.keys('ns/p/r/_/values/'), [])
      assert.equal(text(await parent.get('n/7')), 'x'.repeat(2_000))
    }))

  test('empties the folder of a run whose fold was cut short after its commit, though its owner seemed alive for a day', () =>
    inWorld(async (world, me, parent) => {
      let dying: Client | undefined
      const other = world.client({
        weather: ({ phase, operation, key }) => {
          if (dying && phase === 'after' && operation === 'put' && key === 'ns/p/_/head') dying.kill()
          return 'pass'
        },
      })
      await me.store.sweep()
      const run = await (await other.store.namespace('p')).fork('r', { ttlMs: DAY })
      await run.put('kept', large('k'))
      dying = other
      void run.fold()
      await me.ambient.sleep(HOUR)
      assert.equal(text(await parent.get('kept')), large('k'))
      assert.equal(world.peek('ns/p/r/_/head').state, 'sealed')
      await sweepTwice(me)
      await sweepTwice(me)
      await me.ambient.sleep(DAY)
      await sweepTwice(me)
      await sweepTwice(me)
      const { state, emptied } = world.peek('ns/p/r/_/head')
      assert.deepEqual({ state, emptied }, { state: 'folded', emptied: true })
      assert.equal(text(await parent.get('kept')), large('k'))
    }))

  test('leaves nothing of a discarded run but heads and leases', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r')
      const inner = await run.fork('inner')
      await inner.put('x', large('i'))
      await inner.fold()
      await run.put('a', large('1'))
      await run.discard()
      await sweepTwice(me)
      assert.deepEqual(
        world.keys('ns/p/r/').filter(key => !/\/_\/(head$|lease\/)/.test(key)),
        [],
      )
      await assert.rejects(
        parent.resume('r').then(found => found.fold()),
        { code: 'ERR_RUNLET_NAMESPACE_SEALED' },
      )
      await assert.rejects(run.get('a'), { code: 'ERR_RUNLET_RUN_NOT_FOUND' })
    }))

  test('takes nothing of what an earlier run of the same id left to its parent', () =>
    inWorld(async (_, me, parent) => {
      const nightly = async (version: string) => {
        const run = await parent.fork('nightly')
        await run.put(`report/${version}`, large(version))
        for (let i = 0; i < 12; i++) await run.put(`${version}/${i}`, version.repeat(2_000))
        await run.fold()
      }
      await nightly('1')
      await me.ambient.sleep(60_000)
      await nightly('2')
      const before = await contents(parent)
      await sweepTwice(me)
      const open = await parent.fork('nightly')
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.deepEqual(await contents(open), before)
      await open.discard()
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
    }))

  test('empties the folder of an id that is used again and again, when its last run has ended', () =>
    inWorld(async (world, me, parent) => {
      for (let night = 0; night < 5; night++) {
        const run = await parent.fork('nightly')
        await run.put('scratch', large(`s${night}`))
        await run.put('scratch', large(`t${night}`))
        await run.put(`report/${night}`, large(`${night}`))
        await run.delete('scratch')
        if (night === 2) await run.discard()
        else await run.fold()
        if (night % 2 === 1) await me.store.sweep()
      }
      const before = await contents(parent)
      await sweepTwice(me)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.equal(world.keys('ns/p/nightly/_/values/').length, 4)
    }))

  test('does with a run whose owner died what its fork chose', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const theirs = await owner.store.namespace('p')
      for (const onError of ['fold', 'discard', 'keep'] as const) {
        const run = await theirs.fork(onError, { onError })
        await run.put(onError, onError)
      }
      await me.store.sweep()
      assert.equal((await parent.runs()).length, 3, 'nobody touches a run whose owner lives')
      owner.kill()
      await me.ambient.sleep(5 * 60_000)
      const { runs } = await me.store.sweep()
      assert.deepEqual(Object.fromEntries(runs.map(({ name, done }) => [name, done])), {
        'p/fold': 'folded',
        'p/discard': 'discarded',
        'p/keep': 'kept',
      })
      assert.deepEqual(await contents(parent), { fold: 'fold' })
      await me.ambient.sleep(15 * DAY)
      const later = await me.store.sweep()
      assert.deepEqual(later.runs, [{ name: 'p/keep', was: 'open', done: 'discarded' }])
    }))

  test('keeps a run that outlives its processes for as long as its fork has recorded, from the last sign of life on', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const theirs = await owner.store.namespace('p')
      for (const id of ['ordinary', 'silent', 'seen', 'fold', 'discard'] as const) {
        const onError = id === 'fold' || id === 'discard' ? id : 'keep'
        const run = await theirs.fork(id, { onError, keepMs: id === 'ordinary' ? undefined : 90 * DAY })
        await run.put(id, id)
        if (onError === 'keep') await run.release()
      }
      owner.kill()
      const sweep = async () => {
        const { runs, problems } = await me.store.sweep({ keepMs: 14 * DAY })
        assert.deepEqual(problems, [])
        return Object.fromEntries(runs.map(({ name, done }) => [name, done]))
      }
      const kept = { 'p/silent': 'kept', 'p/seen': 'kept', 'p/fold': 'kept', 'p/discard': 'kept' }
      await me.ambient.sleep(80 * DAY)
      assert.deepEqual(await sweep(), { 'p/ordinary': 'discarded', ...kept })
      await (await parent.resume('seen')).release()
      await me.ambient.sleep(11 * DAY)
      assert.deepEqual(await sweep(), {
        'p/silent': 'discarded',
        'p/seen': 'kept',
        'p/fold': 'folded',
        'p/discard': 'discarded',
      })
      assert.deepEqual(await contents(parent), { fold: 'fold' })
    }))

  test('finishes a fold that was killed at any of its requests', async () => {
    for (let at = 0; at < 12; at++) {
      await inWorld(async (world, me, parent) => {
        let left = Number.POSITIVE_INFINITY
        const owner = world.client({
          weather: ({ phase }): Fate => {
            if (phase === 'before' && left-- === 0) owner.kill()
            return 'pass'
          },
        })
        const run = await (await owner.store.namespace('p')).fork('r', { onError: 'fold' })
        for (let i = 0; i < 12; i++) await run.put(`f/${i}`, large(String(i)))
        await parent.put('other', '1')
        left = at
        void run.fold().catch(() => undefined)
        await me.ambient.sleep(5 * 60_000)
        await sweepTwice(me)
        assert.equal(Object.keys(await contents(parent)).length, 13, `killed at request ${at}`)
        assert.deepEqual(world.keys('ns/p/_/forks/'), [])
      })
    }
  })
})
