// A store that takes one write of a key a second, as R2 and GCS may: a swap of the head is too dear there to carry one commit.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Client, text, World } from '../support/world.ts'

const HEAD = 'ns/p/_/head'
const SECOND = 1000

/** A client of a bucket that asks to slow down for whatever is written again within a second; `refused` has the keys. */
function pacedClients(world: World, refused: string[] = []): () => Client {
  const writtenAt = new Map<string, number>()
  return () =>
    world.client({
      weather: ({ phase, operation, key }) => {
        if (operation !== 'put' || phase !== 'before') return 'pass'
        const { elapsed } = world.time
        if (elapsed - (writtenAt.get(key) ?? Number.NEGATIVE_INFINITY) < SECOND) {
          refused.push(key)
          return 'throttle'
        }
        writtenAt.set(key, elapsed)
        return 'pass'
      },
    })
}

const swapsOf = (clients: readonly Client[]): number =>
  clients.flatMap(({ requests }) => requests).filter(request => request === `put ${HEAD}`).length

describe('on a store that takes one write of a key a second', () => {
  test('writers to one namespace share its swaps, and none of them waits for all the others', async () => {
    const world = new World({ latencyMs: 80 })
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      const refused: string[] = []
      const clients = Array.from({ length: 24 }, pacedClients(world, refused))
      let longest = 0
      const write = async ({ store }: Client, writer: number) => {
        const parent = await store.namespace('p')
        for (let n = 0; n < 6; n++) {
          const startedAt = world.time.elapsed
          await parent.put(`${writer}/${n}`, `${n}`)
          longest = Math.max(longest, world.time.elapsed - startedAt)
        }
      }
      await Promise.all(clients.map(write))
      assert.ok(swapsOf(clients) <= 24, `${swapsOf(clients)} swaps for 144 commits`)
      assert.ok(longest < 7 * SECOND, `a put took ${longest} ms`)
      assert.ok(refused.length < 4 * 144, `${refused.length} writes were refused for 144 commits`)
      const reader = await world.client().store.namespace('p')
      for (let writer = 0; writer < 24; writer++) assert.equal(text(await reader.get(`${writer}/5`)), '5')
    })
  })

  test('a writer that is alone waits for its second, and needs no queue', async () => {
    const world = new World({ latencyMs: 80 })
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      const alone = pacedClients(world)()
      const parent = await alone.store.namespace('p')
      for (let n = 0; n < 5; n++) await parent.put('a', `${n}`)
      assert.equal(text(await parent.get('a')), '4')
      assert.deepEqual(
        alone.requests.filter(request => /\/(queue|lease)\//.test(request) && !request.startsWith('get')),
        [],
      )
    })
  })
})
