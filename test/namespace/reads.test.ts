// What reading costs: of an index of many shards and layers, a reader fetches those that can hold what it asks for, and no other.
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { Namespace } from '../../lib/runlet.ts'
import { World } from '../support/world.ts'

/** So long that some 240 rows fill a shard. */
const pathOf = (i: number): string => `row/${String(i).padStart(5, '0')}/${'x'.repeat(840)}`
const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)

/**
 * Oldest first: 4,500 rows in 19 shards below a node; the even ones of 1,000 to 3,999 in 7 shards; three layers of a few rows in a file each
 * (at the beginning, scattered, at the end), which have fingerprints; and a row in the head.
 */
async function aNamespace(world: World): Promise<void> {
  const namespace = await world.client().store.namespace('p', { create: true })
  namespace.stopUpkeep()
  const put = (numbers: readonly number[], value: string) =>
    namespace.commit(tx => {
      for (const i of numbers) tx.put(pathOf(i), value)
    })
  await put(range(0, 4500, 1), 'bottom')
  await put(range(1000, 4000, 2), 'upper')
  await put(range(0, 40, 1), 'first')
  await put(range(57, 4500, 100), 'scattered')
  await put(range(4400, 4440, 1), 'last')
  await put([777], 'inline')
}

describe('of an index of many shards and layers', () => {
  const world = new World()
  before(() => world.run(() => aNamespace(world)))

  /** What a new process asks for to read something. */
  async function costOf(read: (namespace: Namespace) => Promise<unknown>): Promise<{ index: number; all: number }> {
    return world.run(async () => {
      const { store, requests } = world.client()
      const namespace = await store.namespace('p', { assumeExists: true })
      await read(namespace)
      assert.equal(new Set(requests).size, requests.length, 'something was asked for twice')
      return { index: requests.filter(request => request.includes('/_/index/')).length, all: requests.length }
    })
  }

  const reads = {
    get: (path: string, value: string | undefined) => async (namespace: Namespace) => {
      const found = await namespace.get(path)
      assert.equal(found && Buffer.from(found).toString(), value)
    },
    stat: (path: string, value: string | undefined) => async (namespace: Namespace) => {
      assert.equal((await namespace.stat(path))?.size, value?.length)
    },
  }
  for (const [name, read] of Object.entries(reads)) {
    const cases: [what: string, path: string, value: string | undefined, files: number][] = [
      ['that lies in the bottom alone fetches its node and its shard', pathOf(500), 'bottom', 2],
      ['that only the range of the upper layer may hold fetches that shard too', pathOf(1501), 'bottom', 3],
      ['that is in a small layer fetches that one, and no other small one', pathOf(4420), 'last', 3],
      ['that was scattered fetches its layer, and the shards below', pathOf(1557), 'scattered', 4],
      ['that stands in the head fetches nothing', pathOf(777), 'inline', 0],
      ['that is beyond all of them fetches nothing', 'zzz', undefined, 0],
    ]
    for (const [what, path, value, files] of cases) {
      test(`${name} of a path ${what}`, async () => {
        assert.deepEqual(await costOf(read(path, value)), { index: files, all: files + 1 })
      })
    }
  }

  const listings: [what: string, prefix: string, rows: number, files: number][] = [
    ['within a shard', 'row/0050', 10, 3],
    ['within the range of the upper layer', 'row/0150', 10, 4],
    ['at the end', 'row/0443', 10, 4],
    ['of one path, after the upper layer ends', pathOf(3999), 1, 3],
    ['that nothing has', 'zzz', 0, 0],
  ]
  for (const [what, prefix, rows, files] of listings) {
    test(`a list of a prefix ${what} fetches the shards that may have it`, async () => {
      const list = async (namespace: Namespace) => {
        let count = 0
        for await (const _ of namespace.list(prefix)) count += 1
        assert.equal(count, rows)
      }
      assert.deepEqual(await costOf(list), { index: files, all: files + 1 })
    })
  }

  test('the handles of one store fetch no file twice, and keep none twice', async () => {
    await world.run(async () => {
      const { store, requests } = world.client()
      for (let i = 0; i < 5; i++) {
        const handle = await store.namespace('p')
        assert.equal((await handle.stat(pathOf(500)))?.size, 6)
      }
      assert.equal(requests.filter(request => request.includes('/_/index/')).length, 2)
    })
  })
})
