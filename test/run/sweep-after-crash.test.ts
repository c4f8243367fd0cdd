// Sweeps that meet what an earlier one left when it was killed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '../support/world.ts'

const HOURS = 3_600_000

test('a sweep that is killed before it has noted what it listed does not keep the next ones from sweeping', async () => {
  const world = new World()
  await world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    const write = async (value: string) => {
      await parent.commit(tx => {
        for (let i = 0; i < 50; i++) void tx.put(`a/${i}`, value.padEnd(500, '.'))
      })
      await parent.compact()
    }
    await write('one')
    assert.deepEqual((await writer.store.sweep()).problems, [])
    await write('two')
    let dead = () => {}
    const died = new Promise<void>(resolve => {
      dead = resolve
    })
    const killed = world.client({
      weather: ({ operation, key }) => {
        if (operation === 'put' && key.endsWith('/sweep/seen')) {
          killed.kill()
          dead()
        }
        return 'pass'
      },
    })
    await Promise.race([killed.store.sweep(), died])
    for (let i = 0; i < 3; i++) {
      await writer.ambient.sleep(2 * HOURS)
      assert.deepEqual((await world.client().store.sweep()).problems, [])
    }
    assert.deepEqual(world.keys('ns/p/_/garbage/'), [])
  })
})
