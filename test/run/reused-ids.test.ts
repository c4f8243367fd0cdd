// A run id that is used again: what somebody knows of the old run must not touch the new one, though both count from 1.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError } from '../../lib/errors.ts'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { contents, World } from '../support/world.ts'

describe('where a run id is used again', () => {
  test('a compaction that slept since the old run changes nothing in the new one', async () => {
    const world = new World()
    await world.run(async () => {
      let reached = () => {}
      const asleep = new Promise<void>(resolve => {
        reached = resolve
      })
      let wake = () => {}
      const awake = new Promise<void>(resolve => {
        wake = resolve
      })
      const owner = world.client()
      const slow = world.client({
        weather: async ({ operation, key, phase }): Promise<Fate> => {
          if (phase === 'before' && operation === 'put' && key.includes('/index/')) {
            reached()
            await awake
          }
          return 'pass'
        },
      })
      const parent = await owner.store.namespace('p', { create: true })
      const life = async (value: string) => {
        const run = await parent.fork('build')
        for (let i = 0; i < 4; i++) await run.put(`out/${i}`, `${value} ${i}`)
        return run
      }
      const first = await life('first')
      const compaction = (await slow.store.namespace('p/build')).compact()
      await asleep
      await first.discard()
      const second = await life('second')
      const before = await contents(second)
      wake()
      await compaction
      assert.deepEqual(await contents(second), before)
    })
  })

  test('a handle that wrote to the old run takes no commit of the new one for its own', async () => {
    const world = new World()
    await world.run(async () => {
      const [owner, a, b] = [world.client(), world.client(), world.client()]
      const parent = await owner.store.namespace('p', { create: true })
      const first = await parent.fork('build')
      const handle = await a.store.namespace('p/build')
      await handle.put('y', '1')
      await first.discard()
      await parent.fork('build')
      const other = await b.store.namespace('p/build')
      await handle.get('x') // sees the new run
      await other.put('x', 'other')
      await assert.rejects(handle.put('x', 'mine'), ConflictError)
      assert.deepEqual(await contents(other), { x: 'other' })
    })
  })
})
