// Sweeps that meet what an earlier one left when it was killed, or what was deleted since it looked.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { compareTrees } from '../../lib/run/sweep/compare-trees.ts'
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

test('a node of a state that is long past may be gone when two states are compared', async () => {
  const world = new World()
  await world.run(async () => {
    const name = parseNamespaceName('p')
    const bounds = { maxRows: 2, maxBytes: 100_000, maxRefs: 4 }
    const open = () => {
      const { objects, ambient } = world.client()
      return openNamespace(objects, name, ambient, bounds).index
    }
    const rows = Array.from({ length: 20 }, (_, i) => {
      const path = parsePath(`a/${String(i).padStart(2, '0')}`)
      return { path, seq: 1, in: name, at: 0, author: 'a', size: 0, sha256: '0'.repeat(64), value: '' }
    })
    const [older, newer] = [await open().write(name, rows, 1), await open().write(name, rows, 1)]
    for (const { id, level } of older) {
      assert.ok(level > 0)
      world.bucket.objects.delete(`ns/p/_/index/${id}`)
    }
    const placed = (files: typeof older) => [{ layer: { from: 1, to: 1, files }, namespace: name }]
    const { onlyNewer } = await compareTrees(open(), placed(older), placed(newer))
    assert.equal(onlyNewer.filter(({ ref }) => ref.level === 0).length, 10)
  })
})
