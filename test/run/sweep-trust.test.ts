// Whoever writes a run is not the one who says that it is folded: a fold by a sweep rests on what lies in the parent's folder, where only
// who may write the parent writes. A crash of such a one's own fold is finished all the same.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AccessDeniedError, OpenChildrenError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import type { MemoryRequest } from '../../lib/store/memory/memory-store.ts'
import { edit, overwrite } from '../bad-input/support.ts'
import { type Client, contents, World } from '../support/world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const HEAD = 'ns/p/r/_/head'

async function inWorld(program: (world: World, writer: Client, parent: Namespace) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    await parent.put('a', 'of the parent')
    await program(world, writer, parent)
  })
}

/** A process whose credentials allow only what lies below the run `p/r`. */
const theUserOf = (world: World): Client =>
  world.client({
    weather: ({ phase, operation, key }) => {
      const writes = operation === 'put' || operation === 'delete'
      if (phase === 'before' && writes && !key.startsWith('ns/p/r/')) throw new AccessDeniedError(operation, key, 'no')
      return 'pass'
    },
  })

/** Gives the run to its user, who writes to it. */
async function handOver(world: World, parent: Namespace, onError?: 'keep' | 'fold' | 'discard') {
  await (await parent.fork('r', { onError })).release()
  const user = theUserOf(world)
  const run = await (await user.store.namespace('p')).resume('r', { ttlMs: 5_000 })
  await run.put('a', 'forged')
  return { user, run }
}

const [onlyPin, isPin] = [
  (world: World) => world.keys('ns/p/_/forks/').find(isPin) ?? assert.fail('no pin'),
  (key: string) => key.includes('~'),
]

describe('a run whose user writes into its head that it is to be folded', () => {
  test('is kept, and the sweep says why', () =>
    inWorld(async (world, writer, parent) => {
      const { user } = await handOver(world, parent)
      await edit(world, HEAD, head => Object.assign(head.run as object, { onError: 'fold' }) && head)
      user.kill()
      await writer.ambient.sleep(HOUR)
      const { runs } = await writer.store.sweep()
      assert.deepEqual(
        runs.map(({ name, done }) => [name, done]),
        [['p/r', 'kept']],
      )
      assert.match(runs[0]?.problem ?? '', /only its own head says/)
      assert.deepEqual(await contents(parent), { a: 'of the parent' })
    }))

  test('is kept though a pin says so that its user may put with the right to refresh', () =>
    inWorld(async (world, writer, parent) => {
      const run = await parent.fork('r', { ttlMs: 5_000 })
      await run.put('b', 'of the run')
      await parent.put('c', 'news')
      await run.refresh()
      await edit(world, HEAD, head => Object.assign(head.run as object, { onError: 'fold' }) && head)
      const pins = world.keys('ns/p/_/forks/').filter(key => key.includes('~refresh-'))
      assert.equal(pins.length, 1)
      for (const pin of pins) await edit(world, pin, document => ({ ...document, onError: 'fold' }))
      await writer.ambient.sleep(HOUR)
      assert.equal((await world.client().store.sweep()).runs[0]?.done, undefined, 'its owner lives')
      await edit(world, 'ns/p/r/_/lease/owner', lease => ({ ...lease, token: 9, ttlMs: 1 }))
      await writer.ambient.sleep(MINUTE)
      assert.equal((await world.client().store.sweep()).runs[0]?.done, 'kept')
      assert.equal((await contents(parent)).b, undefined)
    }))

  test('is kept if its pin is of an older runlet, which recorded no choice there', () =>
    inWorld(async (world, writer, parent) => {
      const owner = world.client()
      await (await (await owner.store.namespace('p')).fork('r', { onError: 'fold' })).put('b', '1')
      owner.kill()
      await edit(world, onlyPin(world), ({ onError, ...pin }) => pin)
      await writer.ambient.sleep(HOUR)
      const { runs } = await writer.store.sweep()
      assert.equal(runs[0]?.done, 'kept')
      assert.match(runs[0]?.problem ?? '', /fold or discard it by hand/)
      assert.deepEqual(await contents(parent), { a: 'of the parent' })
    }))

  test('is folded if its fork had chosen that', () =>
    inWorld(async (world, writer, parent) => {
      const { user } = await handOver(world, parent, 'fold')
      user.kill()
      await writer.ambient.sleep(HOUR)
      assert.deepEqual((await writer.store.sweep()).runs, [{ name: 'p/r', was: 'open', done: 'folded' }])
      assert.deepEqual(await contents(parent), { a: 'forged' })
    }))
})

describe('a run that was sealed', () => {
  test('by a user who may not fold it waits for who may, for its time to live', () =>
    inWorld(async (world, writer, parent) => {
      const { run } = await handOver(world, parent)
      await assert.rejects(run.fold(), AccessDeniedError)
      await run.release()
      assert.equal(world.peek(HEAD).state, 'sealed')
      await writer.ambient.sleep(10 * DAY)
      assert.deepEqual((await writer.store.sweep()).runs, [{ name: 'p/r', was: 'sealed', done: 'kept' }])
      assert.deepEqual(await contents(parent), { a: 'of the parent' })
      await writer.ambient.sleep(10 * DAY)
      assert.deepEqual((await writer.store.sweep()).runs, [{ name: 'p/r', was: 'sealed', done: 'discarded' }])
      assert.deepEqual(await contents(parent), { a: 'of the parent' })
    }))

  test('by its user, and whose fold by the writer was killed at any request from its sign on, is folded by the sweep', async () => {
    let finished = 0
    for (let at = 0; at < 14; at++) {
      await inWorld(async (world, writer, parent) => {
        const { run } = await handOver(world, parent)
        await assert.rejects(run.fold(), AccessDeniedError)
        await run.release()
        let left = Number.POSITIVE_INFINITY
        const folder = world.client({
          weather: ({ phase }: MemoryRequest) => {
            if (phase === 'before' && left-- === 0) folder.kill()
            return 'pass'
          },
        })
        const theirs = await (await folder.store.namespace('p')).resume('r', { ttlMs: 5_000 })
        left = at
        void theirs.fold().catch(() => undefined)
        await writer.ambient.sleep(HOUR)
        const signed = world.keys('ns/p/_/forks/').some(key => !isPin(key))
        if (!signed && world.peek(HEAD).state !== 'folded') {
          assert.deepEqual(await contents(parent), { a: 'of the parent' }, `killed at ${at}, before its sign`)
          return
        }
        await writer.store.sweep()
        assert.deepEqual(await contents(parent), { a: 'forged' }, `killed at ${at}`)
        assert.deepEqual(world.keys('ns/p/_/forks/'), [])
        finished += 1
      })
    }
    assert.ok(finished >= 9, `${finished} had left their sign`)
  })

  test('has the sign of its fold before the seal, and no longer once it is open again', () =>
    inWorld(async (world, _, parent) => {
      const signs: number[] = []
      const folder = world.client({
        weather: ({ phase, operation, key }) => {
          if (phase === 'before' && operation === 'put' && key === HEAD)
            signs.push(world.keys('ns/p/_/forks/').filter(one => !isPin(one)).length)
          return 'pass'
        },
      })
      const run = await (await folder.store.namespace('p')).fork('r')
      await run.put('b', '1')
      await (await world.client().store.namespace('p/r')).fork('inner')
      signs.length = 0
      await assert.rejects(run.fold(), OpenChildrenError)
      assert.deepEqual(signs, [1, 1])
      assert.deepEqual(world.keys('ns/p/_/forks/'), [onlyPin(world)])
      assert.equal(await parent.get('b'), undefined)
    }))
})

test('a sign that came when its run had ended goes a day later', () =>
  inWorld(async (world, writer, parent) => {
    const run = await parent.fork('r')
    await run.put('b', '1')
    const sign = `ns/p/_/forks/folding.r.${onlyPin(world).split('~')[2]}`
    await run.fold()
    await overwrite(world, sign, '{"format":1}')
    await writer.store.sweep()
    assert.deepEqual(world.keys('ns/p/_/forks/'), [sign])
    await writer.ambient.sleep(DAY + HOUR)
    assert.deepEqual((await writer.store.sweep()).removed.byKind.forks, { objects: 1, bytes: 12 })
    assert.deepEqual(world.keys('ns/p/_/forks/'), [])
  }))
