// A bucket without an index: what of it is taken for a swamp datastore, and what is not, unless one insists.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exportToSwamp } from '../../../lib/integrations/swamp/export/export.ts'
import { NoDatastoreError } from '../../../lib/integrations/swamp/import/problems.ts'
import { isVerified } from '../../../lib/integrations/swamp/import/verify.ts'
import { inSwampWorld } from './import-world.ts'

const UNRELATED: Record<string, Record<string, string>> = {
  photographs: { 'holiday/1.jpg': 'sun', 'data.csv': '1,2' },
  'a store of runlet': { 'runlet.json': '{"format":1}', 'ns/p/_/head': '{}', 'data/of/another/tool': '1' },
}

describe('without an index,', () => {
  for (const [what, files] of Object.entries(UNRELATED)) {
    test(`${what}: no datastore for an import, a comparison or an export, and nothing is written`, () =>
      inSwampWorld({ index: 'none' }, async world => {
        await world.swamp.push(files)
        await (await world.aClient().store.namespace('p', { create: true })).put('own', '1')
        const was = world.world.keys()
        const refused = (error: unknown) => error instanceof NoDatastoreError && /--any-files/.test(error.message)
        await assert.rejects(world.import(), refused)
        await assert.rejects(world.verify(), refused)
        await assert.rejects(exportToSwamp(world.open(), world.datastore(), { author: 'x' }), refused)
        assert.deepEqual(world.world.keys(), was)
      }))
  }

  test('who insists has whatever lies there imported, compared and exported', () =>
    inSwampWorld({ index: 'none' }, async world => {
      const files = { 'holiday/1.jpg': 'sun' }
      await world.swamp.push(files)
      await world.import({ anyFiles: true })
      assert.deepEqual(await world.contents(), files)
      assert.ok(isVerified(await world.verify({ anyFiles: true })))
      await (await world.namespace()).put('holiday/2.jpg', 'rain')
      assert.equal((await exportToSwamp(world.open(), world.datastore(), { author: 'x', anyFiles: true })).files, 2)
      assert.ok(isVerified(await world.verify()))
    }))

  for (const path of ['outputs/a/b.yaml', 'workflow-runs/1.yaml', 'auto-definitions/a.yaml', '.catalog-export.json']) {
    test(`one file like ${path} shows that it is one`, () =>
      inSwampWorld({ index: 'none' }, async world => {
        await world.swamp.push({ [path]: '1', 'notes/2': '2' })
        assert.equal((await world.import()).put, 2)
      }))
  }
})
