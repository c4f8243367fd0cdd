// Namespaces of swamp: one repository each, and what each sees.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError } from '../../../../../lib/errors.ts'
import { VM, type World } from '../world.ts'

export function describeNamespaces(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a namespace`, () => {
    test('is a folder of the cache, and one of its own in the store', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      const namespace = 'infra'
      await a.edit({ 'infra/data/x': '1', 'infra/data/y': '1', 'apps/data/x': 'apps' })
      assert.equal(await a.service.pushChanged({ namespace }), 2)
      assert.deepEqual(await world.stored('infra'), { 'data/x': '1', 'data/y': '1' })
      assert.equal(await b.service.pullChanged({ namespace }), 2)
      assert.deepEqual(await b.files(), { 'infra/data/x': '1', 'infra/data/y': '1' })
      assert.equal(await a.service.pushChanged({ namespace: 'apps' }), 1)
      assert.equal(await b.service.pullChanged({ namespace: 'apps' }), 1)
      await a.edit({ 'infra/data/x': null })
      assert.equal(await a.service.pushChanged({ namespace: 'apps' }), 0)
      assert.equal(await a.service.pushChanged({ namespace }), 1)
      assert.deepEqual(await world.stored('infra'), { 'data/y': '1' })
      assert.deepEqual(await world.stored('apps'), { 'data/x': 'apps' })
    })

    test('is not part of what swamp has without one', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.edit({ 'infra/data/x': '1' })
      await a.service.pushChanged({ namespace: 'infra' })
      await a.edit({ 'data/x': 'without', 'infra/data/z': '1' })
      assert.equal(await a.service.pushChanged(), 1)
      await a.service.markDirty()
      assert.equal(await (await world.process()).service.pushChanged(), 0)
      assert.deepEqual(await world.stored(), { 'data/x': 'without' })
      assert.equal(await a.service.pullChanged(), 0)
    })

    test('goes with a scope, two phases, content that is left out, and paths that name it', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      const namespace = 'infra'
      await a.edit({ 'infra/data/aws/ec2/i-1/d/1/raw': 'r', 'infra/data/aws/ec2/i-1/d/1/metadata.yaml': 'm' })
      await a.service.markDirty({ namespace, relPath: 'workflow-runs/w' })
      await a.write({ 'infra/workflow-runs/w': 'w' })
      const manifest = await a.service.preparePush({ namespace, context: { models: [VM] } })
      assert.equal(await a.service.commitPush(manifest, { namespace }), 3)
      assert.equal(await b.service.pullChanged({ namespace, context: { models: [VM] }, metadataOnly: true }), 1)
      const relPath = 'infra/data/aws/ec2/i-1/d/1/raw'
      assert.equal(await (await world.process('b')).service.hydrateFile(relPath), true)
      assert.equal((await b.files())[relPath], 'r')
    })

    test('must be a name', async () => {
      const { service } = await (await fresh()).process()
      for (const namespace of ['../x', 'a/b', 'UPPER'])
        await assert.rejects(service.pullChanged({ namespace }), InvalidArgumentError)
      assert.equal(await service.pullChanged({ namespace: '' }), 0)
    })
  })
}
