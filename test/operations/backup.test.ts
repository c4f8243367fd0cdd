// A backup that a program makes which knows nothing of runlet, beside writers who do not wait for it: README, "Operations", says in which
// order it copies. What was acknowledged before it began is in it, and the copy is a store that goes on.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError, MissingObjectError } from '../../lib/errors.ts'
import { type Namespace, Store } from '../../lib/runlet.ts'
import { MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import { type Client, contents, World } from '../support/world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LARGE = 'x'.repeat(5_000)

const isLeftOut = (key: string) => /\/_\/(garbage|sweep)\//.test(key)
const isPin = (key: string) => key.includes('/_/forks/')
const isHead = (key: string) => key.endsWith('/_/head')
const depth = (key: string) => key.split('/').length

/** Copies what lies in the world's store to another bucket, a request after the other, and takes its time. */
async function backUp(world: World): Promise<MemoryBucket> {
  const { objects: from, ambient } = world.client()
  const copy = new MemoryBucket()
  const to = new MemoryStore({ bucket: copy, ambient })
  const pass = async (isOfIt: (key: string) => boolean) => {
    const keys: string[] = []
    for await (const { key } of from.list({ prefix: '' })) if (isOfIt(key) && !isLeftOut(key)) keys.push(key)
    for (const key of keys.sort((a, b) => depth(b) - depth(a))) {
      const answer = await from.get(key)
      if (answer.status === 'found' && !copy.objects.has(key)) await to.put(key, answer.body)
    }
  }
  await pass(isPin)
  await pass(isHead)
  await pass(() => true)
  return copy
}

/** A process that finds the backup in place of the store. */
function restored(world: World, bucket: MemoryBucket): Store {
  const ambient = world.time.ambient()
  return new Store(new MeteredStore(new MemoryStore({ bucket, ambient }), ambient), ambient, 'restored')
}

interface Acknowledged {
  /** By path: the newest number that was acknowledged. */
  readonly newest: Map<string, number>
}

/** Writes, forks, folds and sweeps until it is told to end. */
async function work({ store, ambient }: Client, me: number, { newest }: Acknowledged, isOver: () => boolean) {
  const parent = await store.namespace('p')
  for (let n = 1; !isOver(); n++) {
    const path = `direct/${me}`
    await parent.put(path, `${n} ${LARGE}`)
    newest.set(path, n)
    const run = await parent.fork(`run-${me}-${n % 3}`, { ttlMs: HOUR })
    await run.put(`run/${me}`, `${n} ${LARGE}`)
    const inner = n % 2 === 0 ? await run.fork('inner', { ttlMs: HOUR }) : undefined
    await inner?.put(`inner/${me}`, `${n} ${LARGE}`)
    await inner?.fold()
    await run.fold()
    newest.set(`run/${me}`, n)
    if (inner) newest.set(`inner/${me}`, n)
    if (n % 5 === me) await store.sweep()
    await ambient.sleep(20_000)
  }
}

async function assertHolds(parent: Namespace, before: ReadonlyMap<string, number>, seed: number): Promise<void> {
  const found = await contents(parent)
  for (const [path, n] of before)
    assert.ok(Number(found[path]?.split(' ')[0]) >= n, `seed ${seed}: ${path} was ${n}, and is ${found[path]}`)
}

const isUnended = ({ state }: { state: string }) => state === 'open' || state === 'sealed'

/** Whoever finds the store: each open run can be folded or is in nobody's way, and what there was stays through sweeps. */
async function goOn(world: World, store: Store, before: ReadonlyMap<string, number>, seed: number): Promise<void> {
  const parent = await store.namespace('p')
  await assertHolds(parent, before, seed)
  await world.time.ambient().sleep(2 * HOUR) // leases run out
  for (const { id } of (await parent.runs()).filter(isUnended)) {
    const run = await parent.resume(id)
    for (const inner of (await run.runs()).filter(isUnended)) await (await run.resume(inner.id)).discard()
    await run.fold().catch(async error => {
      if (!(error instanceof ConflictError)) throw error
      await run.discard()
    })
  }
  await parent.put('after', 'the restoration')
  for (let i = 0; i < 4; i++) {
    const { problems } = await store.sweep()
    assert.deepEqual(problems, [], `seed ${seed}`)
    await world.time.ambient().sleep(30 * HOUR)
  }
  await assertHolds(parent, before, seed)
  assert.equal((await contents(parent)).after, 'the restoration')
  assert.deepEqual(await parent.runs(), [])
}

describe('a backup in the order of the README', () => {
  for (let seed = 1; seed <= 4; seed++) {
    test(`beside writers, folds and sweeps has all that was acknowledged before it, and goes on (seed ${seed})`, async () => {
      const world = new World({ seed, latencyMs: 200 })
      await world.run(async () => {
        await world.client().store.namespace('p', { create: true })
        let isOver = false
        const acknowledged: Acknowledged = { newest: new Map() }
        const workers = [0, 1, 2].map(me => work(world.client(), me, acknowledged, () => isOver))
        await world.time.ambient().sleep(5 * MINUTE + seed * 7_000)
        const before = new Map(acknowledged.newest)
        const copy = await backUp(world)
        isOver = true
        await Promise.all(workers)
        assert.equal(before.size, 9)
        await goOn(world, restored(world, copy), before, seed)
      })
    })
  }
})

describe('an object that is gone', () => {
  test('is named, with what refers to it; put back from a copy, all is as it was', async () => {
    const world = new World()
    await world.run(async () => {
      const writer = world.client()
      const parent = await writer.store.namespace('p', { create: true })
      const run = await parent.fork('r')
      await run.put('a', LARGE)
      await run.fold()
      await parent.compact()
      const copy = new Map(world.bucket.objects)
      let needed = 0
      for (const key of world.keys().filter(key => /\/_\/(index|values|packs)\//.test(key))) {
        world.bucket.objects.delete(key)
        const look = async () => contents(await world.client().store.namespace('p'))
        const isNeeded = await look().then(
          () => false,
          error => {
            assert.ok(error instanceof MissingObjectError, String(error))
            assert.equal(error.key, key)
            return true
          },
        )
        world.bucket.objects.set(key, copy.get(key) ?? assert.fail())
        if (!isNeeded) continue
        needed += 1
        assert.deepEqual(await look(), { a: LARGE })
      }
      assert.ok(needed >= 2, 'the index and the value')
    })
  })
})
