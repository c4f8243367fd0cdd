// The sweep beside who sleeps for longer than anything is kept, between two requests of one write or fork.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { StaleWriteError } from '../../lib/errors.ts'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { text } from '../support/world.ts'
import { DAY, HOUR, inWorld, large, sweepTwice } from './sweep-world.ts'

describe('a writer that slept for days between storing a value and its commit', () => {
  test('stores it again', () =>
    inWorld(async (world, me, parent) => {
      let sleeps = 1
      const slow = world.client({
        weather: async ({ key, phase }): Promise<Fate> => {
          if (phase === 'after' && key.includes('/values/') && sleeps-- > 0) await me.ambient.sleep(4 * DAY)
          return 'pass'
        },
      })
      const theirs = await slow.store.namespace('p')
      const put = theirs.put('a', large('slow'))
      for (let day = 0; day < 4; day++) {
        await me.ambient.sleep(0.9 * DAY)
        await sweepTwice(me)
      }
      await put
      await sweepTwice(me)
      assert.equal(text(await parent.get('a')), large('slow'))
    }))

  test('is told so if it was a transaction', () =>
    inWorld(async (_, me, parent) => {
      const late = parent.commit(async tx => {
        await tx.put('a', large('slow'))
        await me.ambient.sleep(4 * DAY)
      })
      await assert.rejects(late, StaleWriteError)
      assert.equal(await parent.get('a'), undefined)
    }))
})

describe('a fork that slept for hours before its pin was put', () => {
  test('stands on what is there when it wakes', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      let sleeps = 1
      const slow = world.client({
        weather: async ({ key, phase }): Promise<Fate> => {
          if (phase === 'before' && key.includes('/forks/') && sleeps-- > 0) await me.ambient.sleep(10 * HOUR)
          return 'pass'
        },
      })
      const forked = (await slow.store.namespace('p')).fork('r')
      await me.ambient.sleep(60_000)
      await parent.put('a', large('2'))
      for (let i = 0; i < 5; i++) await sweepTwice(me)
      const run = await forked
      assert.equal(text(await run.get('a')), large('2'))
    }))
})
