// Folds at once whose paths lie between one another's: the leader compares them one after the other, and must not wait for each of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '../support/world.ts'

const LATENCY_MS = 10
const FOLDS = 60
/** Alone a fold takes seven; with the queue, and followers that poll, some more. */
const MOST_ROUND_TRIPS = 40

test('folds at once whose paths lie between one another’s do not each cost a round trip', async () => {
  const world = new World({ latencyMs: LATENCY_MS })
  await world.run(async () => {
    const parent = await world.client().store.namespace('p', { create: true })
    const runs = []
    for (let i = 0; i < FOLDS; i++) {
      const run = await (await world.client().store.namespace('p')).fork(`r${i}`)
      await Promise.all([1, 2, 3].map(n => run.put(`data/${n}/${i}`, `${i}`)))
      runs.push(run)
    }
    const startedAt = world.time.elapsed
    await Promise.all(runs.map(run => run.fold()))
    const roundTrips = (world.time.elapsed - startedAt) / LATENCY_MS
    assert.ok(roundTrips <= MOST_ROUND_TRIPS, `the last took ${roundTrips} round trips`)
    for (let i = 0; i < FOLDS; i++)
      assert.equal(Buffer.from((await parent.get(`data/2/${i}`)) ?? '').toString(), `${i}`)
  })
})
