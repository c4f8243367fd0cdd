// Whoever writes a run is not the one who says that it is folded: a fold by a sweep rests on what lies in the parent's folder, where only
// who may write the parent writes. A crash of such a one's own fold is finished all the same.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { AccessDeniedError, CorruptObjectError, OpenChildrenError } from '../../lib/errors.ts'
import type { Layer } from '../../lib/namespace/head.ts'
import type { Namespace, Run } from '../../lib/runlet.ts'
import type { MemoryRequest } from '../../lib/store/memory/memory-store.ts'
import { edit, overwrite } from '../bad-input/support.ts'
import { type Client, contents, World } from '../support/world.ts'
import { DAY, HOUR } from './sweep-world.ts'

const MINUTE = 60_000
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

const signsIn = (world: World) => world.keys('ns/p/_/forks/').filter(key => !isPin(key))

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
        const signed = signsIn(world).length > 0
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
          if (phase === 'before' && operation === 'put' && key === HEAD) signs.push(signsIn(world).length)
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

describe('a fold that was killed between its sign and the seal', () => {
  /** The run is open still, its sign is there, and its user goes on with it, and seals it. */
  const signedAndLeft = (then: (world: World, writer: Client, parent: Namespace, user: Client) => Promise<void>) =>
    inWorld(async (world, writer, parent) => {
      const { user, run } = await handOver(world, parent)
      await run.release()
      const folder = world.client({
        weather: ({ phase, operation, key }: MemoryRequest) => {
          if (phase === 'before' && operation === 'put' && key === HEAD && signsIn(world).length > 0) folder.kill()
          return 'pass'
        },
      })
      void (await (await folder.store.namespace('p')).resume('r', { ttlMs: 5_000 })).fold().catch(() => undefined)
      await writer.ambient.sleep(MINUTE)
      assert.equal(world.peek(HEAD).state, 'open')
      assert.equal(signsIn(world).length, 1)
      await then(world, writer, parent, user)
    })

  /** As somebody does who may not fold it. */
  async function sealAs(user: Client, write?: (run: Run) => Promise<unknown>): Promise<void> {
    const run = await (await user.store.namespace('p')).resume('r', { ttlMs: 5_000 })
    await write?.(run)
    await assert.rejects(run.fold(), AccessDeniedError)
    await run.release()
  }

  test('is finished once the run is sealed as it was then', () =>
    signedAndLeft(async (world, writer, parent, user) => {
      await sealAs(user)
      await writer.ambient.sleep(HOUR)
      assert.deepEqual((await writer.store.sweep()).runs, [{ name: 'p/r', was: 'sealed', done: 'folded' }])
      assert.deepEqual(await contents(parent), { a: 'forged' })
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
    }))

  test('says nothing of what its user writes to it afterwards', () =>
    signedAndLeft(async (world, writer, parent, user) => {
      await sealAs(user, run => run.put('b', 'forged later'))
      await writer.ambient.sleep(HOUR)
      assert.deepEqual((await writer.store.sweep()).runs, [{ name: 'p/r', was: 'sealed', done: 'kept' }])
      assert.deepEqual(await contents(parent), { a: 'of the parent' })
      await (await (await writer.store.namespace('p')).resume('r')).fold()
      assert.deepEqual(await contents(parent), { a: 'forged', b: 'forged later' })
      await writer.ambient.sleep(DAY + HOUR)
      await writer.store.sweep()
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
    }))
})

describe('a run whose rows name what lies in the folder of its parent', () => {
  const LARGE = 'of the parent, '.repeat(1000)

  /** The row of the parent's value, as the run's user may copy it. */
  const rowIn = (world: World, path: string): Record<string, unknown> =>
    (world.peek('ns/p/_/head').layers as Layer[]).flatMap(({ rows = [] }) => rows).find(row => row.path === path) ??
    assert.fail('no such row')

  test('is not folded, and its parent keeps its value', () =>
    inWorld(async (world, writer, parent) => {
      await parent.put('large', LARGE)
      await handOver(world, parent)
      const stolen = { ...rowIn(world, 'large'), in: 'p', path: 'stolen' }
      await edit(world, HEAD, head => ({
        ...head,
        layers: [{ from: 2, to: 2, rows: [stolen] }],
      }))
      await writer.ambient.sleep(HOUR)
      await assert.rejects(async () => (await parent.resume('r')).fold(), CorruptObjectError)
      assert.deepEqual(Object.keys(await contents(parent)), ['a', 'large'])
    }))

  test('is not folded when they lie in a shard that its user wrote', () =>
    inWorld(async (world, _, parent) => {
      await parent.put('large', LARGE)
      const { run } = await handOver(world, parent)
      await run.commit(tx => {
        for (let i = 0; i < 200; i++) tx.put(`many/${String(i).padStart(3, '0')}`, `${i}`.repeat(200))
      })
      await run.compact()
      await run.release()
      const { files } = (world.peek(HEAD).layers as Layer[])[0] ?? {}
      const ref = files?.[0] ?? assert.fail('no file')
      const shard = `ns/p/r/_/index/${ref.id}`
      const rows = [ref.first, ref.last].map(path => ({ ...rowIn(world, 'large'), in: 'p', path }))
      const header = { format: 1, kind: 'rows', namespace: 'p/r', count: 2 }
      await overwrite(world, shard, gzipSync([header, ...rows].map(line => `${JSON.stringify(line)}\n`).join('')))
      await edit(world, HEAD, head => {
        const layers = [{ ...(head.layers as Layer[])[0], files: [{ ...ref, rows: 2, prints: undefined }] }]
        return { ...head, layers }
      })
      await world.client().ambient.sleep(HOUR)
      const theirs = await (await world.client().store.namespace('p')).resume('r')
      await assert.rejects(theirs.fold(), CorruptObjectError)
      assert.deepEqual(Object.keys(await contents(parent)), ['a', 'large'])
    }))

  test('is refused by whoever reads it when its user changed its shard after the fold', () =>
    inWorld(async (world, writer, parent) => {
      await parent.put('large', LARGE)
      const { run } = await handOver(world, parent)
      await run.release()
      await (await parent.resume('r')).fold()
      const [shard = assert.fail('no shard')] = world.keys('ns/p/r/_/index/')
      const ref = (world.peek('ns/p/_/head').layers as Layer[]).flatMap(({ files = [] }) => files)[0]
      const forged = { ...rowIn(world, 'large'), in: 'p', path: ref?.first }
      const header = { format: 1, kind: 'rows', namespace: 'p/r', count: 1 }
      await overwrite(world, shard, gzipSync([header, forged].map(line => `${JSON.stringify(line)}\n`).join('')))
      const reader = await world.client().store.namespace('p')
      await assert.rejects(reader.get('a'), {
        code: 'ERR_RUNLET_CORRUPT_OBJECT',
        message: /the folder of another namespace/,
      })
      await writer.ambient.sleep(HOUR)
      await writer.store.sweep()
      assert.equal(Buffer.from((await reader.get('large')) ?? '').toString(), LARGE)
    }))
})

test('a sign that came when its run had ended goes a day later', () =>
  inWorld(async (world, writer, parent) => {
    const run = await parent.fork('r')
    await run.put('b', '1')
    const sign = `ns/p/_/forks/folding.r.1.${onlyPin(world).split('~')[2]}`
    await run.fold()
    await overwrite(world, sign, '{"format":1}')
    await writer.store.sweep()
    assert.deepEqual(world.keys('ns/p/_/forks/'), [sign])
    await writer.ambient.sleep(DAY + HOUR)
    assert.deepEqual((await writer.store.sweep()).removed.byKind.forks, { objects: 1, bytes: 12 })
    assert.deepEqual(world.keys('ns/p/_/forks/'), [])
  }))
