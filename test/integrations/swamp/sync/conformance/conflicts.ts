// What both sides changed is an error that loses nothing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SyncConflictError } from '../../../../../lib/integrations/swamp/sync/errors.ts'
import { DB, VM, type World } from '../world.ts'

export function describeConflicts(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, what both sides changed`, () => {
    test('is an error that names the files and the remedy, at a push and at a pull, until it is settled', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ f: 'base', g: 'base' })
      await a.service.pushChanged()
      await b.service.pullChanged()
      await b.edit({ f: 'theirs' })
      await b.service.pushChanged()
      await a.edit({ f: 'mine' })
      for (const work of [
        () => a.service.pushChanged(),
        () => a.service.pullChanged(),
        () => a.service.pullChanged(),
      ]) {
        const conflict = await work().catch(error => error)
        assert.ok(conflict instanceof SyncConflictError, String(conflict))
        assert.deepEqual(conflict.paths, ['f'])
        assert.match(conflict.message, /runlet pull --namespace swamp --dir .*--theirs/)
      }
      assert.deepEqual(
        [await a.files(), await world.stored()],
        [
          { f: 'mine', g: 'base' },
          { f: 'theirs', g: 'base' },
        ],
      )
      const copy = await (await world.namespace()).workingCopy(a.cachePath)
      await copy.settle('ours')
      await copy.dispose()
      assert.equal(await a.service.pushChanged(), 1)
      assert.equal(await b.service.pullChanged(), 1)
      assert.deepEqual(await b.files(), { f: 'mine', g: 'base' })
    })

    test('to the same is no conflict', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      for (const one of [a, b]) await one.edit({ same: 'bytes', gone: null })
      assert.equal(await a.service.pushChanged(), 1)
      assert.equal(await b.service.pushChanged(), 0)
      assert.equal(await b.service.pullChanged(), 0)
    })

    test('does not stand in the way of what is about other models', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await b.edit({ 'data/aws/ec2/i-1/f': 'theirs', 'data/aws/rds/d-1/f': 'theirs' })
      await b.service.pushChanged()
      await a.edit({ 'data/aws/ec2/i-1/f': 'mine' })
      await assert.rejects(a.service.pullChanged({ context: { models: [VM] } }), SyncConflictError)
      assert.equal(await a.service.pullChanged({ context: { models: [DB] } }), 1)
    })

    test('is the last one’s, where swamp makes it anew each time', async () => {
      const world = await fresh()
      const DERIVED = ['.catalog-export.json', 'definitions-evaluated/aws/ec2/web.yaml', 'workflows-evaluated/w.yaml']
      const by = (who: string) => Object.fromEntries(DERIVED.map(path => [path, who]))
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(by('a'))
      await a.service.pushChanged()
      await b.edit(by('b'))
      assert.equal(await b.service.pushChanged(), 3)
      await a.edit(by('a again'))
      assert.equal(await a.service.pullChanged(), 0)
      assert.equal(await a.service.pushChanged(), 3)
      assert.deepEqual(await world.stored(), by('a again'))
    })
  })
}
