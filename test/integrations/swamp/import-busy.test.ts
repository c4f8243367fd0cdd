// An import beside writers that delete and never pause, and take no lock: an older swamp, or a clean-up.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { followSwamp } from '../../../lib/integrations/swamp/import/follow.ts'
import type { ImportReport } from '../../../lib/integrations/swamp/import/import.ts'
import { BusyDatastoreError, SwampProblemsError } from '../../../lib/integrations/swamp/import/problems.ts'
import type { Fate } from '../../../lib/store/memory/memory-store.ts'
import type { Client } from '../../support/world.ts'
import { inSwampWorld, type SwampWorld } from './import-world.ts'

const FILES = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`data/${i}/raw`, `${i}`]))

/** A client between whose reading of the index and its listing somebody deletes a file, so many times. */
function besideDeletions(world: SwampWorld, times: number): Client {
  let deleted = 0
  return world.aClient(async ({ phase, operation, key }): Promise<Fate> => {
    const isBetween = phase === 'after' && operation === 'get' && key.endsWith('.datastore-index.json')
    if (isBetween && deleted < times) await world.swamp.push({ [`data/${deleted++}/raw`]: undefined })
    return 'pass'
  })
}

describe('beside writers that delete without a pause, an import', () => {
  test('goes on while each look explains the one before', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      assert.equal((await world.import({}, besideDeletions(world, 4))).put, 36)
    }))

  test('says in the end that it is to be tried again, not that the datastore is damaged', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await assert.rejects(world.import({}, besideDeletions(world, 30)), BusyDatastoreError)
      assert.deepEqual(world.world.keys('ns/'), [])
    }))

  test('still tells of what no writer would do', () =>
    inSwampWorld({}, async world => {
      world.swamp.entries.set('../out', { key: '../out', size: 1, lastModified: '' })
      await world.swamp.push(FILES)
      await assert.rejects(world.import({}, besideDeletions(world, 30)), SwampProblemsError)
    }))

  test('that follows tries again', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      const stopped = new AbortController()
      const client = besideDeletions(world, 12)
      const failures: unknown[] = []
      const reports: ImportReport[] = []
      await followSwamp(world.open(client), world.datastore(client), {
        author: 'x',
        everyMs: 1_000,
        signal: stopped.signal,
        onFailure: error => failures.push(error),
        onImport: async report => {
          reports.push(report)
          stopped.abort()
        },
      })
      assert.ok(failures.length > 0 && failures.every(error => error instanceof BusyDatastoreError))
      assert.equal(reports[0]?.put, 28)
    }))
})
