// Any sequence of writes, deletes, forks, nested forks, folds, refreshes, discards, compactions and crashes reads back what a plain
// map says, also in a process that begins anew. A failure names fast-check's seed, path and smallest program; more of them with
//   RUNS=2000 node test/run.mjs test/namespace/model.test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Driver } from './model/driver.ts'
import { programOf } from './model/steps.ts'

const RUNS = Number(process.env.RUNS ?? 50)
/** Shrinking would go on for many minutes. */
const LIMIT_MS = 60_000 + RUNS * 1_000

test('a namespace and its runs read back what a plain map says, whatever was done to them', async t => {
  let [levels, deaths] = [0, 0]
  await fc.assert(
    fc.asyncProperty(programOf, async program => {
      const driver = new Driver(program.bounds)
      await driver.run(program)
      levels = Math.max(levels, driver.levels)
      deaths += driver.deaths
    }),
    { numRuns: RUNS, includeErrorInReport: true, interruptAfterTimeLimit: LIMIT_MS },
  )
  t.diagnostic(`${deaths} deaths; nodes up to level ${levels}`)
  assert.ok(levels >= 2, 'programs grow an index of several levels')
  assert.ok(deaths >= RUNS / 2, 'programs kill their process')
})
