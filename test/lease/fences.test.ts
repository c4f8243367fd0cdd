// Fences of many locks: the head keeps the last ones, and the lease tells of the others (G7), at no cost where they are few (G8).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LeaseLostError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, text, World } from '../support/world.ts'

interface Writer {
  readonly client: Client
  readonly namespace: Namespace
}

async function inWorld(program: (world: World, a: Writer, b: Writer) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const writer = async (): Promise<Writer> => {
      const client = world.client()
      return { client, namespace: await client.store.namespace('shared', { create: true }) }
    }
    await program(world, await writer(), await writer())
  })
}

/** Writes once under each of so many locks. */
async function writeUnder(count: number, { namespace }: Writer): Promise<void> {
  for (let i = 0; i < count; i++) await namespace.lock(`item-${i}`, lock => namespace.put('item', `${i}`, { lock }))
}

const fencesIn = (world: World): string[] =>
  Object.keys(world.peek('ns/shared/_/head').fences).filter(name => name.startsWith('lock.'))

describe('fences', () => {
  test('of many locks do not make every write larger (G8)', () =>
    inWorld(async (world, a) => {
      await writeUnder(200, a)
      assert.equal(fencesIn(world).length, 32)
      assert.equal(fencesIn(world).at(-1), 'lock.item-199')
    }))

  test('of few locks cost no request', () =>
    inWorld(async (_world, a) => {
      await writeUnder(40, a)
      const requestsOf = async (lock: string) => {
        a.client.requests.length = 0
        await a.namespace.lock(lock, held => a.namespace.put('item', 'x', { lock: held }))
        return a.client.requests.length
      }
      const known = await requestsOf('item-39')
      assert.equal(await requestsOf('item-0'), known + 1)
      assert.equal(await requestsOf('item-0'), known)
    }))

  test('that the head has forgotten refuse an earlier holder all the same (G7)', () =>
    inWorld(async (world, a, b) => {
      let lostWrite: unknown
      const paused = a.namespace.lock(
        'deploy',
        async lock => {
          await a.namespace.put('by-a', 'before', { lock })
          a.client.freeze()
          await b.namespace.lock('deploy', taken => b.namespace.put('by-b', 'b', { lock: taken }))
          await writeUnder(40, b)
          assert.ok(!fencesIn(world).includes('lock.deploy'))
          a.client.thaw()
          lostWrite = await a.namespace.put('by-a', 'after', { lock }).catch(error => error)
        },
        { ttlMs: 2_000 },
      )
      await assert.rejects(paused, LeaseLostError)
      assert.ok(lostWrite instanceof LeaseLostError, String(lostWrite))
      assert.equal(text(await b.namespace.get('by-a')), 'before')
    }))

  test('that a holder raises late, when it has lost what it took over, let it not in (G7)', () =>
    inWorld(async (world, a, b) => {
      void a.namespace.lock('deploy', () => new Promise(() => {}), { ttlMs: 2_000 })
      await b.client.ambient.sleep(100)
      a.client.kill()
      // It takes the lock over, and sleeps before it tells the head.
      let sleeps = true
      const sleeper = world.client({
        weather: async ({ key, operation, phase }) => {
          if (sleeps && key.endsWith('/lock.deploy') && operation === 'put' && phase === 'after') {
            sleeps = false
            sleeper.freeze()
          }
          return 'pass' as const
        },
      })
      const namespace = await sleeper.store.namespace('shared')
      let lostWrite: unknown
      const paused = namespace.lock(
        'deploy',
        async lock => {
          lostWrite = await namespace.put('by-sleeper', 'x', { lock }).catch(error => error)
        },
        { ttlMs: 2_000 },
      )
      const outcome = assert.rejects(paused, LeaseLostError)
      await b.client.ambient.sleep(10_000)
      await b.namespace.lock('deploy', lock => b.namespace.put('by-b', 'b', { lock }))
      await writeUnder(40, b)
      assert.ok(!sleeps && !fencesIn(world).includes('lock.deploy'))
      sleeper.thaw()
      await outcome
      assert.ok(lostWrite instanceof LeaseLostError, String(lostWrite))
      assert.equal(await b.namespace.get('by-sleeper'), undefined)
    }))
})
