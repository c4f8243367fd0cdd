// A pull of what there is without the contents, which come when they are read.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidPathError } from '../../../../../lib/errors.ts'
import { VM, type World } from '../world.ts'

export function describeHydration(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, lazy hydration`, () => {
    const DATA = {
      'data/aws/ec2/i-1/d/1/metadata.yaml': 'm',
      'data/aws/ec2/i-1/d/1/raw': 'content',
      'data/aws/ec2/i-1/d/latest': '1',
      'outputs/raw': 'no data',
    }
    const RAW = 'data/aws/ec2/i-1/d/1/raw'
    const { [RAW]: _, ...METADATA } = DATA

    async function aLazyCache() {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(DATA)
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ metadataOnly: true }), 3)
      assert.deepEqual(await b.files(), METADATA)
      return { world, a, b }
    }

    test('leaves the content out, and no push takes it for deleted', async () => {
      const { world, b } = await aLazyCache()
      await b.service.markDirty()
      assert.equal(await b.service.pushChanged(), 0)
      for (const relPath of ['data', 'data/aws/ec2/i-1/d', RAW]) await b.service.markDirty({ relPath })
      assert.equal(await b.service.pushChanged(), 0)
      assert.equal(await (await world.process('b')).service.pushChanged(), 0)
      assert.deepEqual(await world.stored(), DATA)
    })

    test('fetches a single file, and says whether there is one', async () => {
      const { b } = await aLazyCache()
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal(await b.service.hydrateFile('data/aws/ec2/i-1/d/9/raw'), false)
      assert.equal(await b.service.hydrateFile('data/_catalog.db'), false)
      assert.deepEqual(await b.files(), DATA)
      await assert.rejects(b.service.hydrateFile('../x'), InvalidPathError)
    })

    test('fetches by many at once, each of whom finds the file whole', async () => {
      const { b } = await aLazyCache()
      const fetched = await Promise.all([1, 2, 3, 4].map(() => b.service.hydrateFile(RAW)))
      assert.deepEqual(fetched, [true, true, true, true])
      assert.deepEqual(await b.files(), DATA)
    })

    test('does not overwrite what swamp has written there meanwhile', async () => {
      const { b } = await aLazyCache()
      await b.edit({ [RAW]: 'mine' })
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal((await b.files())[RAW], 'mine')
      assert.equal(await b.service.pushChanged(), 1)
    })

    test('ends with a pull of everything; one of a model brings that model’s', async () => {
      const { a, b } = await aLazyCache()
      await a.edit({ 'data/aws/rds/d-1/d/1/raw': 'other' })
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ metadataOnly: true }), 0)
      assert.equal(await b.service.pullChanged({ context: { models: [VM] } }), 1)
      assert.deepEqual(await b.files(), DATA)
      assert.equal(await b.service.pullChanged(), 1)
      assert.equal(await b.service.pullChanged(), 0)
    })

    test('deletes the content with its version', async () => {
      const { world, b } = await aLazyCache()
      await b.edit({ 'data/aws/ec2/i-1/d/1': null })
      assert.equal(await b.service.pushChanged(), 2)
      assert.deepEqual(Object.keys(await world.stored()).sort(), ['data/aws/ec2/i-1/d/latest', 'outputs/raw'])
    })
  })
}
