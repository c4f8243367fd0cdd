// Leases on virtual time: taken, waited for, renewed, taken over; tokens only grow (G6, G7).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AbortedError,
  InvalidArgumentError,
  InvalidNameError,
  LeaseLostError,
  LockTimeoutError,
} from '../../lib/errors.ts'
import { LeaseCell } from '../../lib/lease/leases.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, text, World } from '../support/world.ts'

async function inWorld(program: (world: World) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(() => program(world))
}

async function clients(world: World, count: number): Promise<{ client: Client; namespace: Namespace }[]> {
  const all: { client: Client; namespace: Namespace }[] = []
  for (let i = 0; i < count; i++) {
    const client = world.client()
    all.push({ client, namespace: await client.store.namespace('shared', { create: true }) })
  }
  return all
}

describe('a lock', () => {
  test('lets one in at a time, and everybody in the end (G6)', () =>
    inWorld(async world => {
      const all = await clients(world, 12)
      let inside = 0
      let most = 0
      const tokens: number[] = []
      await Promise.all(
        all.map(({ client, namespace }) =>
          namespace.lock('deploy', async lock => {
            inside += 1
            most = Math.max(most, inside)
            tokens.push(lock.token)
            await client.ambient.sleep(200)
            inside -= 1
          }),
        ),
      )
      assert.equal(most, 1)
      assert.deepEqual(
        tokens,
        Array.from({ length: 12 }, (_, i) => i + 1),
      )
    }))

  test('is given back when the function throws, and its error is passed on', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      const failed = a?.namespace.lock('deploy', () => {
        throw new Error('mine')
      })
      await assert.rejects(failed ?? Promise.resolve(), /mine/)
      assert.equal(await b?.namespace.lock('deploy', () => 'got it', { waitMs: 0 }), 'got it')
    }))

  test('tells others who holds it: host, pid and label', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      await a?.namespace.lock(
        'deploy',
        async () => {
          const [lock] = (await b?.namespace.locks()) ?? []
          assert.equal(lock?.name, 'lock.deploy')
          assert.equal(lock?.holder?.pid, process.pid)
          assert.equal(lock?.holder?.label, 'release 7')
          assert.ok(lock?.holder?.host)
        },
        { label: 'release 7' },
      )
      assert.equal((await b?.namespace.locks())?.[0]?.holder, undefined)
    }))

  test('that stays taken ends the wait in an error that names lock, holder and wait', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      await a?.namespace.lock(
        'deploy',
        () =>
          assert.rejects(
            b?.namespace.lock('deploy', () => {}, { waitMs: 500 }) ?? Promise.resolve(),
            (error: LockTimeoutError) => {
              assert.ok(error instanceof LockTimeoutError)
              assert.match(error.message, /lock\.deploy.*release 7/)
              return error.waitedMs >= 500
            },
          ),
        { label: 'release 7' },
      )
    }))

  test('is renewed for as long as its holder lives, far beyond its time to live', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      await a?.namespace.lock(
        'deploy',
        async lock => {
          await a.client.ambient.sleep(60_000)
          assert.equal(lock.signal.aborted, false)
          await assert.rejects(
            b?.namespace.lock('deploy', () => {}, { waitMs: 5_000 }) ?? Promise.resolve(),
            LockTimeoutError,
          )
        },
        { ttlMs: 3_000 },
      )
    }))

  test('of a killed holder is taken over after its time to live and no later than one poll (G6)', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      let began = 0
      void a?.namespace.lock(
        'deploy',
        () => {
          began = world.time.elapsed
          a.client.kill()
          return new Promise(() => {})
        },
        { ttlMs: 5_000 },
      )
      await b?.client.ambient.sleep(200)
      await b?.namespace.lock('deploy', lock => assert.equal(lock.token, 2))
      assert.ok(world.time.elapsed - began >= 5_000 - 200)
      assert.ok(world.time.elapsed - began < 5_000 + 3_500, `took ${world.time.elapsed - began} ms`)
    }))

  test('is not taken from a holder whose clock is wrong by hours', () =>
    inWorld(async world => {
      const wrong = world.client({ skewMs: -5 * 3_600_000 })
      const a = await wrong.store.namespace('shared', { create: true })
      const b = await world.client({ skewMs: 3 * 3_600_000 }).store.namespace('shared')
      await a.lock(
        'deploy',
        () =>
          assert.rejects(
            b.lock('deploy', () => {}, { waitMs: 3_000 }),
            LockTimeoutError,
          ),
        { ttlMs: 5_000 },
      )
    }))

  test('lost in a long pause aborts its signal, fails its function, and its writes are refused (G7)', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      let lostWrite: unknown
      const paused = a?.namespace.lock(
        'deploy',
        async lock => {
          await a.namespace.put('by-a', 'before', { lock })
          a.client.freeze()
          await b?.namespace.lock('deploy', async taken => {
            await b.namespace.put('by-b', 'b', { lock: taken })
            a.client.thaw()
            lostWrite = await a.namespace.put('by-a', 'after', { lock }).catch(error => error)
          })
        },
        { ttlMs: 2_000 },
      )
      await assert.rejects(paused ?? Promise.resolve(), LeaseLostError)
      assert.ok(lostWrite instanceof LeaseLostError, String(lostWrite))
      assert.equal(text(await b?.namespace.get('by-a')), 'before')
    }))

  test('taken over keeps its old holder out even before the new one has written (G7)', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      let lostWrite: unknown
      const paused = a?.namespace.lock(
        'deploy',
        async lock => {
          a.client.freeze()
          await b?.namespace.lock('deploy', async () => {
            a.client.thaw()
            lostWrite = await a.namespace.put('by-a', 'after', { lock }).catch(error => error)
          })
        },
        { ttlMs: 2_000 },
      )
      await assert.rejects(paused ?? Promise.resolve(), LeaseLostError)
      assert.ok(lostWrite instanceof LeaseLostError, String(lostWrite))
      assert.equal(await b?.namespace.get('by-a'), undefined)
    }))

  test('that is waited for can be given up by a signal', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      const controller = new AbortController()
      await a?.namespace.lock('deploy', async () => {
        const waiting = b?.namespace.lock('deploy', () => {}, { signal: controller.signal })
        await a.client.ambient.sleep(300)
        controller.abort(new Error('enough'))
        await assert.rejects(waiting ?? Promise.resolve(), AbortedError)
      })
    }))

  test('with a bad name or option is refused before anything is written', () =>
    inWorld(async world => {
      const [a] = await clients(world, 1)
      await assert.rejects(a?.namespace.lock('De ploy', () => {}) ?? Promise.resolve(), InvalidNameError)
      await assert.rejects(
        a?.namespace.lock('deploy', () => {}, { ttlMs: 5 }) ?? Promise.resolve(),
        InvalidArgumentError,
      )
      assert.deepEqual(world.keys('ns/shared/_/lease/'), [])
    }))

  test('of one name does not stand in the way of another, nor of commits', () =>
    inWorld(async world => {
      const [a, b] = await clients(world, 2)
      await a?.namespace.lock('merge', async () => {
        await b?.namespace.lock('other', () => b.namespace.put('x', '1'), { waitMs: 0 })
        const run = await b?.namespace.fork('r')
        await run?.put('y', '1')
        await run?.fold()
      })
    }))
})

describe('a holding', () => {
  const cellOf = ({ objects, ambient }: Client) =>
    new LeaseCell(objects, 'ns/shared/_/lease/lock.deploy', 'deploy', ambient)
  const options = { ttlMs: 6_000, label: 'holder', waitMs: 0 }

  test('is broken by its own id only, and its holder finds out; the next one is not touched by its release', () =>
    inWorld(async world => {
      const [a, b] = [cellOf(world.client()), cellOf(world.client())]
      const first = await a.acquire(options)
      const { id = '' } = (await b.inspect())?.value.holder ?? {}
      assert.equal(await b.breakHolding('another'), false)
      assert.equal((await b.inspect())?.value.holder?.id, id)
      assert.equal(await b.breakHolding(id), true)
      assert.equal((await a.inspect())?.value.holder, null)
      assert.equal(await b.breakHolding(id), false)
      const second = await b.acquire(options)
      assert.ok(second.token > first.token)
      await first.release()
      assert.equal((await a.inspect())?.value.holder?.label, 'holder')
      await second.release()
    }))

  test('is broken although its holder renews it at the same time', () =>
    inWorld(async world => {
      const holder = world.client()
      const lease = await cellOf(holder).acquire({ ...options, ttlMs: 3_000 })
      // Each look is answered when the holder has already renewed what it showed.
      let looks = 0
      const late = world.client({
        weather: async ({ operation, phase }) => {
          if (operation === 'get' && phase === 'after' && looks++ < 2) await holder.ambient.sleep(1_100)
          return 'pass' as const
        },
      })
      const { id = '' } = (await cellOf(holder).inspect())?.value.holder ?? {}
      assert.equal(await cellOf(late).breakHolding(id), true)
      await holder.ambient.sleep(1_100)
      assert.equal(lease.signal.aborted, true)
    }))

  test('is given up with a typed error while the store asks to slow down', () =>
    inWorld(async world => {
      const busy = world.client({
        weather: ({ key, operation }) => (key.includes('/lease/') && operation === 'put' ? 'throttle' : 'pass'),
      })
      const namespace = await busy.store.namespace('shared', { create: true })
      const controller = new AbortController()
      const waiting = namespace.lock('deploy', () => assert.fail('held'), { signal: controller.signal })
      void busy.ambient.sleep(100).then(() => controller.abort('enough'))
      await assert.rejects(waiting, AbortedError)
    }))

  test('is waited for with pauses as long as asked', () =>
    inWorld(async world => {
      const [holder, waiter] = [world.client(), world.client()]
      const lease = await cellOf(holder).acquire(options)
      const looksIn = async (pollMs: number) => {
        waiter.requests.length = 0
        await assert.rejects(cellOf(waiter).acquire({ ...options, waitMs: 4_000, pollMs }), LockTimeoutError)
        return waiter.requests.length
      }
      const often = await looksIn(5)
      const rarely = await looksIn(1_000)
      assert.ok(often > 10 * rarely, `${often} looks against ${rarely}`)
      await lease.release()
    }))
})

describe('a renewal', () => {
  test('whose answer is lost does not lose the lease', () =>
    inWorld(async world => {
      let lost = 0
      const flaky = world.client({
        weather: request => {
          if (request.operation !== 'put' || !request.key.includes('/lease/') || request.phase !== 'after')
            return 'pass'
          lost += 1
          return 'lose'
        },
      })
      const namespace = await flaky.store.namespace('shared', { create: true })
      await namespace.lock('deploy', () => flaky.ambient.sleep(10_000), { ttlMs: 3_000 })
      assert.ok(lost > 5)
      assert.equal((await namespace.locks())[0]?.holder, undefined)
    }))

  test('whose answer is lost, and the reading back too, does not lose the lease', () =>
    inWorld(async world => {
      let blips = 0
      let away = false
      const flaky = world.client({
        weather: request => {
          if (!request.key.includes('/lease/')) return 'pass'
          if (away && request.operation === 'get') {
            away = false
            return 'lose'
          }
          if (request.operation !== 'put' || request.phase !== 'after' || blips === 3) return 'pass'
          blips += 1
          away = true
          return 'lose'
        },
      })
      const namespace = await flaky.store.namespace('shared', { create: true })
      blips = 3
      await namespace.lock(
        'deploy',
        async lock => {
          blips = 0
          await flaky.ambient.sleep(10_000)
          assert.equal(lock.signal.aborted, false)
        },
        { ttlMs: 3_000 },
      )
      assert.equal(blips, 3)
      assert.equal((await namespace.locks())[0]?.holder, undefined)
    }))

  test('that gets no answer does not keep the holder from knowing that its time is over (G7)', () =>
    inWorld(async world => {
      let hangs = false
      const cutOff = world.client({
        weather: async request => {
          if (hangs && request.key.includes('/lease/')) await cutOff.ambient.sleep(3_600_000)
          return 'pass' as const
        },
      })
      const namespace = await cutOff.store.namespace('shared', { create: true })
      const held = namespace.lock(
        'deploy',
        async lock => {
          hangs = true
          await cutOff.ambient.sleep(3_100)
          assert.equal(lock.signal.aborted, true)
        },
        { ttlMs: 3_000 },
      )
      await assert.rejects(held, LeaseLostError)
    }))
})
