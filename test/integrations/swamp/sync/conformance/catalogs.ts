// Catalogs, which swamp makes anew each time.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidPathError } from '../../../../../lib/errors.ts'
import type { World } from '../world.ts'

export function describeCatalogs(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, catalogs`, () => {
    const ROWS = [{ namespace: 'infra', data_name: 'vm', size: 7 }]

    test('are exported, from what swamp has written or from rows, and pulled by other namespaces', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.service.exportCatalog('infra', ROWS)
      await a.service.exportCatalog('infra', ROWS)
      await a.write({ 'apps/.catalog-export.json': JSON.stringify([]) })
      await a.service.exportCatalog('apps')
      await a.service.exportCatalog('none')
      const broken = await world.namespace('broken')
      await broken.put('.catalog-export.json', '{ "no": "list" ')
      const catalogs = await b.service.pullForeignCatalogs(['infra', 'apps', 'none', 'broken', 'never-made'])
      assert.deepEqual(catalogs, [
        { namespace: 'infra', rows: ROWS },
        { namespace: 'apps', rows: [] },
      ])
      assert.deepEqual(await b.files(), {})
    })

    test('lead to content of other namespaces, which is not kept', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ 'infra/data/x/raw': 'theirs' })
      await a.service.pushChanged({ namespace: 'infra' })
      const bytes = await b.service.fetchForeignContent('infra', 'data/x/raw')
      assert.equal(Buffer.from(bytes ?? []).toString(), 'theirs')
      assert.equal(await b.service.fetchForeignContent('infra', 'data/y/raw'), null)
      assert.equal(await b.service.fetchForeignContent('never-made', 'data/x/raw'), null)
      for (const path of ['../x', '/x', 'a/../../b'])
        await assert.rejects(b.service.fetchForeignContent('infra', path), InvalidPathError)
      assert.deepEqual(await b.files(), {})
    })
  })
}
