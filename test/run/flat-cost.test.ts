// G8: what a fork, a small write, a fold and a pull cost, in requests and bytes, does not grow with the parent. Here on a few thousand rows
// in every run of the tests; on 262,000 and ten million by `npm run bench -- index-10m`.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Namespace } from '../../lib/runlet.ts'
import { type Meter, metered } from '../../lib/store/metered-store.ts'
import { aBucket, aFolder } from '../sync/support.ts'
import { fill } from './support.ts'

const [FEW, MANY] = [200, 20_000]
/** Of those whose namespace is open. */
const MOST_REQUESTS = { put: 1, fork: 4, fold: 12, 'pull, nothing changed': 1, 'pull after a small change': 2 }
/** One shard more or less, for one may be fuller than another. */
const SHARD_BYTES = 64 * 1024

class Costs {
  readonly of: Record<string, Meter> = {}

  async measure(operation: string, work: () => Promise<unknown>): Promise<void> {
    const cost: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
    await metered(cost, work)
    this.of[operation] = cost
  }
}

/** Each by a process that has done nothing yet, on a parent of so many rows. */
async function costsAt(rows: number): Promise<Record<string, Meter>> {
  const costs = new Costs()
  const open = aBucket()
  const fresh = async () => (await open()).namespace
  const parent = await fresh()
  await fill(parent, rows)
  await parent.compact()
  const writer = await fresh()
  await costs.measure('put', () => writer.put('data/new', 'x'.repeat(1024)))
  const forker = await fresh()
  await costs.measure('fork', () => forker.fork('r'))
  const run = await (await fresh()).fork('s')
  await Promise.all(Array.from({ length: 24 }, (_, i) => run.put(`data/${i}/f`, 'y'.repeat(1024))))
  await run.idle()
  await costs.measure('fold', () => run.fold())
  await measurePulls(costs, parent, await fresh())
  return costs.of
}

async function measurePulls(costs: Costs, parent: Namespace, reader: Namespace): Promise<void> {
  const copy = await reader.workingCopy(aFolder(), { prefix: 'data/0001' })
  await copy.pull()
  await costs.measure('pull, nothing changed', () => copy.pull())
  await parent.put('data/000100', 'changed')
  await costs.measure('pull after a small change', () => copy.pull())
  await copy.dispose()
}

describe('what an operation costs (G8)', () => {
  test('does not grow with the parent', async () => {
    const [few, many] = [await costsAt(FEW), await costsAt(MANY)]
    assert.deepEqual(Object.keys(many), Object.keys(MOST_REQUESTS))
    for (const [operation, most] of Object.entries(MOST_REQUESTS)) {
      const [before, after] = [few[operation], many[operation]]
      const both = `${operation}: ${JSON.stringify(before)} of ${FEW} rows, ${JSON.stringify(after)} of ${MANY}`
      assert.ok(before && after, both)
      assert.ok(after.requests > 0 && after.requests <= Math.min(most, before.requests), both)
      assert.ok(after.bytesUp <= before.bytesUp * 1.2 + 1024, both)
      assert.ok(after.bytesDown <= before.bytesDown + SHARD_BYTES, both)
    }
  })
})
