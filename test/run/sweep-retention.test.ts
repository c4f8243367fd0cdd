// Retention as a part of the sweep.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contents } from '../support/world.ts'
import { inWorld, large, sweepTwice } from './sweep-world.ts'

describe('retention in a sweep', () => {
  const newest = [{ path: 'data/{name}/{version}', keep: { newest: 2, by: 'version' } }]

  test('deletes what its rules say, and the values a grace period later', () =>
    inWorld(async (world, me, parent) => {
      for (let version = 1; version <= 9; version++) await parent.put(`data/a/${version}`, large(`${version}`))
      await parent.put('other', large('o'))
      const dry = await me.store.sweep({ retention: newest, dryRun: true })
      assert.deepEqual(
        dry.retention.map(({ files, bytes }) => [files, bytes]),
        [[7, 35_000]],
      )
      assert.equal(Object.keys(await contents(parent)).length, 10)
      await me.store.sweep()
      const { retention } = await me.store.sweep({ retention: newest })
      assert.deepEqual(
        retention.map(({ files, bytes }) => [files, bytes]),
        [[7, 35_000]],
      )
      assert.deepEqual(Object.keys(await contents(parent)), ['data/a/8', 'data/a/9', 'other'])
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 3)
    }))

  test('with a rule that is none is refused before anything is done', () =>
    inWorld(async (_, me, parent) => {
      await parent.put('data/a/1', '1')
      await assert.rejects(me.store.sweep({ retention: [{ path: '**', maxAge: '1d' }] }), {
        code: 'ERR_RUNLET_INVALID_ARGUMENT',
      })
    }))
})
