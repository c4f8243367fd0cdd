// What every call of a sync service does, however it is narrowed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CONTROL_PLANE, type World } from '../world.ts'

export function describeService(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a sync service`, () => {
    test('says what it can', async () => {
      const { service } = await (await fresh()).process()
      const all = {
        scopedSync: true,
        namespacedSync: true,
        twoPhaseSync: true,
        lazyHydration: true,
        controlPlane: true,
      }
      assert.deepEqual(service.capabilities(), all)
      assert.equal(service.controlPlaneStore(), CONTROL_PLANE)
    })

    test('brings what others pushed, and tells how many files moved', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      assert.equal(await a.service.pullChanged(), 0)
      await a.edit({ 'data/x/1/raw': '1', 'outputs/o.yaml': 'o', large: 'x'.repeat(100_000) })
      assert.equal(await a.service.pushChanged(), 3)
      assert.equal(await a.service.pushChanged(), 0)
      assert.equal(await b.service.pullChanged(), 3)
      assert.deepEqual(await b.files(), await a.files())
      await a.edit({ 'data/x/1/raw': '2', large: null })
      assert.equal(await a.service.pushChanged(), 2)
      assert.equal(await b.service.pullChanged(), 2)
      assert.equal(await b.service.pullChanged(), 0)
      assert.deepEqual(await b.files(), { 'data/x/1/raw': '2', 'outputs/o.yaml': 'o' })
    })

    test('never synchronises what is this machine’s, or an index’s or a lock’s, in either direction', async () => {
      const world = await fresh()
      const OWN = [
        '.datastore-index.json',
        '.push-queue.json',
        '.datastore.lock',
        '.datastore-sync-state.json',
        '_index/_meta.json',
        '_control/heartbeats/1',
        'data/a/b/.lock',
        '.namespace.json',
        'data/_catalog.db',
        'data/_catalog.db-wal',
        '_catalog.db-shm',
      ]
      const theirs = await world.namespace()
      await theirs.commit(tx => {
        for (const path of [...OWN, '.runlet/copy/state.json', 'x/.runlet/y']) tx.put(path, 'theirs')
        tx.put('data/a/b/c', 'synchronised')
      })
      const a = await world.process()
      assert.equal(await a.service.pullChanged(), 1)
      assert.deepEqual(await a.files(), { 'data/a/b/c': 'synchronised' })
      const mine = Object.fromEntries(OWN.map(path => [path, 'mine']))
      await a.edit({ ...mine, 'data/a/b/d': 'mine', 'data/_index/e': 'mine' })
      assert.equal(await a.service.pushChanged(), 2)
      await a.service.markDirty()
      assert.equal(await a.service.pushChanged(), 0)
      assert.equal((await world.stored())['_index/_meta.json'], 'theirs')
      assert.deepEqual(await a.files(), {
        ...mine,
        'data/a/b/c': 'synchronised',
        'data/a/b/d': 'mine',
        'data/_index/e': 'mine',
      })
    })
  })
}
