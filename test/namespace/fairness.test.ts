// A writer that never pauses must not keep another one out (G6): it looks now and then whether somebody leads, and queues up then.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Client, contents, World } from '../support/world.ts'

const LATENCY_MS = 10
/** Of the one that comes between, in round trips. */
const MOST_ROUND_TRIPS = 32

describe('beside a writer that never pauses', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    test(`another one gets in again and again within a bounded time (seed ${seed})`, async () => {
      const world = new World({ seed, latencyMs: LATENCY_MS })
      await world.run(async () => {
        const [busy, other] = [world.client(), world.client()]
        const hot = await busy.store.namespace('p', { create: true })
        const late = await other.store.namespace('p')
        const timed = async (client: Client, work: () => Promise<unknown>) => {
          const startedAt = client.ambient.monotonic()
          await work()
          return (client.ambient.monotonic() - startedAt) / LATENCY_MS
        }
        let stopped = false
        const hotWaits: number[] = []
        const loop = (async () => {
          while (!stopped) hotWaits.push(await timed(busy, () => hot.put('hot', `${hotWaits.length}`)))
        })()
        const waits: number[] = []
        for (let i = 0; i < 10; i++) waits.push(await timed(other, () => late.put(`late/${i}`, 'x')))
        stopped = true
        await loop
        assert.ok(Math.max(...waits) <= MOST_ROUND_TRIPS, `round trips: ${waits.map(Math.round).join(' ')}`)
        assert.ok(Math.max(...hotWaits) <= MOST_ROUND_TRIPS, `of the busy one: ${hotWaits.map(Math.round).join(' ')}`)
        assert.ok(hotWaits.length > 10, `only ${hotWaits.length} commits meanwhile`)
        assert.equal(Object.keys(await contents(late)).length, 11)
      })
    })
  }
})
