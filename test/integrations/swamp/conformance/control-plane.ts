// The control plane: small records beside what is synchronised.
import assert from 'node:assert/strict'
import type { ControlPlaneStore } from '../../../../lib/integrations/swamp/contract.ts'
import { bytes, range, type Sentence, text, type World } from './world.ts'

const recordsIn = ({ provider, folder }: World, config?: Record<string, unknown>): ControlPlaneStore =>
  provider(config).createSyncService(folder, `${folder}/cache`).controlPlaneStore()

export const controlPlaneSentences: readonly Sentence[] = [
  {
    says: 'a record is put, read by others, replaced and deleted; deleting what is not there is no error',
    async holds(world) {
      const [records, others] = [recordsIn(world), recordsIn(world)]
      assert.equal(await others.get('heartbeats/a'), null)
      await records.put('heartbeats/a', bytes('1'))
      assert.equal(text(await others.get('heartbeats/a')), '1')
      await others.put('heartbeats/a', bytes(''))
      assert.equal(text(await records.get('heartbeats/a')), '')
      const all = new Uint8Array(range(256))
      await records.put('binary', all)
      assert.deepEqual([...((await others.get('binary')) ?? [])], [...all])
      await others.delete('heartbeats/a')
      await others.delete('heartbeats/a')
      assert.equal(await records.get('heartbeats/a'), null)
    },
  },
  {
    says: 'records are listed by what their keys start with, in order',
    async holds(world) {
      const records = recordsIn(world)
      const keys = ['a', 'a/1', 'a/10', 'a/2', 'b/@org/x y', 'b/Ä%2F', 'heartbeats/zz']
      for (const key of keys) await records.put(key, bytes(key))
      assert.deepEqual(await records.list(''), keys)
      assert.deepEqual(await records.list('a/'), ['a/1', 'a/10', 'a/2'])
      assert.deepEqual(await records.list('a/1'), ['a/1', 'a/10'])
      assert.deepEqual(await records.list('b/'), ['b/@org/x y', 'b/Ä%2F'])
      assert.deepEqual(await records.list('none/'), [])
      for (const key of keys) assert.equal(text(await records.get(key)), key)
    },
  },
  {
    says: 'of several who put a record if it is absent, one does, even when all put the same',
    async holds(world) {
      const stores = range(8).map(() => recordsIn(world))
      const won = await Promise.all(stores.map(records => records.putIfAbsent('fire-records/1', bytes('same'))))
      assert.equal(won.filter(Boolean).length, 1)
      const [records] = stores as [ControlPlaneStore]
      assert.equal(await records.putIfAbsent('fire-records/1', bytes('late')), false)
      assert.equal(text(await records.get('fire-records/1')), 'same')
      await records.delete('fire-records/1')
      assert.equal(await records.putIfAbsent('fire-records/1', bytes('anew')), true)
      assert.equal(text(await records.get('fire-records/1')), 'anew')
    },
  },
  {
    says: 'keys that are no paths are refused, and nothing is written',
    async holds(world) {
      const records = recordsIn(world)
      for (const key of ['', '/a', 'a/', 'a//b', '../up', 'a/../b', 'x'.repeat(1_000), 'ü'.repeat(400)]) {
        await assert.rejects(async () => records.put(key, bytes('')), { name: /^Invalid/ })
        await assert.rejects(async () => records.putIfAbsent(key, bytes('')), { name: /^Invalid/ })
      }
      await assert.rejects(async () => records.put('a', 'text' as never), { name: 'InvalidArgumentError' })
      assert.deepEqual(await records.list(''), [])
    },
  },
  {
    says: 'records lie beside the namespace: they make no commits, and no sweep deletes them',
    async holds(world) {
      const store = await world.open()
      const namespace = await store.namespace('swamp', { create: true })
      await recordsIn(world).put('heartbeats/a', bytes('1'))
      for await (const entry of namespace.list()) assert.fail(entry.path)
      for await (const commit of namespace.log()) assert.fail(JSON.stringify(commit))
      await store.sweep()
      assert.equal(text(await recordsIn(world).get('heartbeats/a')), '1')
    },
  },
]
