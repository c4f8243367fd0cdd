// The sweep on virtual time: what it deletes and what it must not, and what it tells.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError } from '../../lib/errors.ts'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { contents, text } from '../support/world.ts'
import { DAY, HOUR, inWorld, large, sweepTwice } from './sweep-world.ts'

describe('a sweep', () => {
  test('deletes the values that were written over, after the grace period and not before', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      await parent.put('a', large('2'))
      const early = await me.store.sweep()
      assert.equal(world.keys('ns/p/_/values/').length, 2)
      assert.deepEqual(early.waiting, { objects: 1, bytes: 5_000 })
      await me.ambient.sleep(0.9 * HOUR)
      assert.equal((await me.store.sweep()).removed.objects, 0)
      await me.ambient.sleep(0.2 * HOUR)
      const { removed } = await me.store.sweep()
      assert.deepEqual(removed.byKind.values, { objects: 1, bytes: 5_000 })
      assert.equal(world.keys('ns/p/_/values/').length, 1)
      assert.equal(text(await parent.get('a')), large('2'))
    }))

  test('of nothing new costs a handful of requests and writes nothing', () =>
    inWorld(async (_, me, parent) => {
      await parent.put('a', large('1'))
      await sweepTwice(me)
      await me.ambient.sleep(2 * HOUR)
      await me.store.sweep()
      const before = me.requests.length
      const report = await me.store.sweep()
      const made = me.requests.slice(before)
      assert.ok(made.length <= 10, made.join('\n'))
      assert.deepEqual(
        made.filter(request => /^(put|delete)/.test(request)),
        [],
      )
      assert.equal(report.bytesUp, 0)
    }))

  test('finds what a killed and a refused writer left', () =>
    inWorld(async (world, me, parent) => {
      let dies = false
      const killed = world.client({
        weather: ({ key, phase }): Fate => {
          if (dies && phase === 'before' && key.endsWith('/head')) killed.kill()
          return 'pass'
        },
      })
      const theirs = await killed.store.namespace('p')
      dies = true
      void theirs.put('never', large('n'))
      await parent.put('a', 'base')
      const stale = world.client()
      const late = await stale.store.namespace('p')
      await assert.rejects(
        late.commit(async tx => {
          await tx.put('a', large('late'))
          await parent.put('a', 'newer')
        }),
        ConflictError,
      )
      await me.store.sweep()
      assert.equal(world.keys('ns/p/_/values/').length, 2)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      assert.deepEqual(world.keys('ns/p/_/values/'), [])
      assert.deepEqual(await contents(parent), { a: 'newer' })
    }))

  test('in a dry run says what it would do, and changes nothing', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const run = await (await owner.store.namespace('p')).fork('r', { onError: 'discard' })
      await run.put('x', large('x'))
      owner.kill()
      await parent.put('a', large('1'))
      await me.store.sweep()
      await parent.put('a', large('2'))
      await me.ambient.sleep(5 * 60_000)
      const before = new Map(world.bucket.objects)
      const report = await me.store.sweep({ dryRun: true })
      assert.deepEqual(report.runs, [{ name: 'p/r', was: 'open', done: 'discarded' }])
      assert.deepEqual(report.waiting, { objects: 1, bytes: 5_000 })
      const leases = /\/_\/lease\//
      for (const [key, { etag }] of before) assert.equal(world.bucket.objects.get(key)?.etag, etag, key)
      assert.deepEqual(
        world.keys().filter(key => !before.has(key) && !leases.test(key)),
        [],
      )
    }))

  test('reaches a namespace whose name has several segments, and tells of a broken one while it goes on with the others', () =>
    inWorld(async (world, me) => {
      const project = await me.store.namespace('team/project', { create: true })
      await project.put('a', large('1'))
      await me.store.sweep()
      await project.put('a', large('2'))
      await me.objects.put('ns/broken/_/head', Buffer.from('{'))
      const first = await me.store.sweep()
      await me.ambient.sleep(1.1 * HOUR)
      await me.store.sweep()
      assert.equal(world.keys('ns/team/project/_/values/').length, 1)
      assert.deepEqual(
        first.problems.map(({ what, code }) => [what, code]),
        [['broken', 'ERR_RUNLET_CORRUPT_OBJECT']],
      )
    }))

  test('removes what a doctor left that was killed', () =>
    inWorld(async (world, me) => {
      await me.objects.put('doctor/abc/reachable', Buffer.from('x'))
      await me.store.sweep()
      assert.equal(world.keys('doctor/').length, 1)
      await me.ambient.sleep(2 * HOUR)
      const { removed } = await me.store.sweep()
      assert.deepEqual(removed.byKind.doctor, { objects: 1, bytes: 1 })
      assert.deepEqual(world.keys('doctor/'), [])
    }))

  test('beside another sweep and writers does no harm', () =>
    inWorld(async (world, me, parent) => {
      const others = [world.client(), world.client()]
      for (let round = 0; round < 12; round++) {
        const run = await parent.fork(`r${round}`)
        await run.put(`run/${round}`, large(`${round}`))
        await Promise.all([
          run.fold(),
          parent.put('a', large(`${round}`)),
          ...others.map(({ store }) => store.sweep()),
          me.ambient.sleep(0.5 * HOUR),
        ])
      }
      for (const { store } of others) assert.deepEqual((await store.sweep()).problems, [])
      for (let round = 0; round < 12; round++) assert.equal(text(await parent.get(`run/${round}`)), large(`${round}`))
      assert.equal(text(await parent.get('a')), large('11'))
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 1)
    }))
})
