// Looking at a namespace again and again: what a look sees, and that it costs little however much there is.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { newId } from '../../lib/namespace/object-id.ts'
import { enqueue } from '../../lib/namespace/queue.ts'
import { Rounds } from '../../lib/run/watch/rounds.ts'
import type { Client, World } from '../support/world.ts'
import { inWorld } from './support.ts'

const MOST_REQUESTS = 48

const aParent = async (world: World) => {
  const client = world.client()
  return { client, parent: await client.store.namespace('p', { create: true }) }
}

/** A change that waits for whoever leads. */
async function waitInQueue({ objects, ambient }: Client, path: string): Promise<void> {
  const parent = openNamespace(objects, parseNamespaceName('p'), ambient)
  const { value: head } = await parent.head.current()
  const row = { path: parsePath(path), seq: 0, in: parent.name, at: 1, author: 'ada', deleted: true as const }
  await enqueue(parent, {
    id: newId(ambient),
    since: head.seq,
    sinceFork: undefined,
    at: 1,
    author: 'ada',
    sets: [{ rows: [row] }],
    rules: [],
    suffix: 'x',
    origin: { run: parseNamespaceName('p/waiting'), fork: newId(ambient), seq: 1 },
  })
}

describe('a look', () => {
  test('sees the open runs, who holds which lease, who waits in the queue, and what came in since the look before', () =>
    inWorld(async world => {
      const { client, parent } = await aParent(world)
      const watch = (await world.client().store.namespace('p')).watch()
      const run = await parent.fork('r', { label: 'build' })
      assert.equal((await watch.look()).since, undefined)
      await run.put('a', '1')
      await parent.put('b', '1')
      const other = await parent.fork('other')
      await other.put('c', '1')
      await other.fold()
      await waitInQueue(client, 'd')
      await client.ambient.sleep(5_000)
      const seen = await parent.lock('deploy', () => watch.look(), { label: 'me' })
      assert.deepEqual(
        seen.runs.map(({ id, state, label, commits, owner }) => [id, state, label, commits, owner?.label]),
        [['r', 'open', 'build', 1, 'build']],
      )
      assert.equal(seen.locks.find(({ name }) => name === 'lock.deploy')?.holder?.label, 'me')
      assert.deepEqual(
        seen.queue.map(({ run, author }) => [run, author]),
        [['p/waiting', 'ada']],
      )
      assert.ok(seen.at - (seen.queue[0]?.since ?? 0) >= 5_000)
      assert.deepEqual([seen.since?.commits, seen.since?.folds], [2, 1])
      assert.ok((seen.since?.ms ?? 0) >= 5_000)
      await run.fold()
      assert.deepEqual((await watch.look()).runs, [])
    }))

  test('at two runs and a lock that is free costs eight requests', () =>
    inWorld(async world => {
      const { parent } = await aParent(world)
      const client = world.client()
      const watch = (await client.store.namespace('p')).watch()
      const runs = [await parent.fork('a'), await parent.fork('b')]
      await parent.lock('deploy', () => undefined)
      await watch.look()
      client.requests.length = 0
      const { requests } = await watch.look()
      assert.equal(requests, client.requests.length)
      assert.equal(requests, 8, client.requests.join('\n')) // head, three listings, two for each run; the lock is free
      for (const run of runs) await run.release()
    }))

  test('costs no more with hundreds of runs, locks and waiting changes, and has seen all of them after some', () =>
    inWorld(async world => {
      const { client, parent } = await aParent(world)
      const ids = Array.from({ length: 150 }, (_, i) => `r${i}`)
      const runs = await Promise.all(ids.map(id => parent.fork(id)))
      for (let i = 0; i < 40; i++) await parent.lock(`lock${i}`, () => undefined)
      for (let i = 0; i < 40; i++) await waitInQueue(client, `q/${i}`)
      const watch = (await world.client().store.namespace('p')).watch()
      for (let look = 1; look <= 13; look++) {
        const seen = await watch.look()
        assert.ok(seen.requests <= MOST_REQUESTS, `${seen.requests} requests`)
        assert.deepEqual([seen.runs.length, seen.queue.length], [150, 40])
        assert.ok(seen.runs.every(({ startedAt }) => startedAt > 0))
        if (look === 13) {
          assert.ok(seen.runs.every(({ state }) => state === 'open'))
          assert.equal(seen.locks.length, 40)
          assert.ok(seen.queue.every(({ run }) => run === 'p/waiting'))
        }
      }
      await Promise.all(runs.map(run => run.release()))
    }))

  test('counts commits and folds exactly when more came than a head holds', () =>
    inWorld(async world => {
      const { parent } = await aParent(world)
      const watch = (await world.client().store.namespace('p')).watch()
      await watch.look()
      for (let i = 0; i < 100; i++) {
        const run = await parent.fork(`r${i}`)
        await run.put(`f/${i}`, '1')
        await run.fold()
      }
      await parent.put('direct', '1')
      const { since, requests } = await watch.look()
      assert.deepEqual([since?.commits, since?.folds], [101, 100])
      assert.ok(requests <= MOST_REQUESTS, String(requests))
    }))

  test('shows a run that cannot be read as such, and the others beside it', () =>
    inWorld(async world => {
      const { parent } = await aParent(world)
      const runs = [await parent.fork('good'), await parent.fork('bad')]
      const key = 'ns/p/bad/_/head'
      const object = world.bucket.objects.get(key)
      assert.ok(object)
      world.bucket.objects.set(key, { ...object, body: Buffer.from('{') })
      const { runs: seen } = await parent.watch().look()
      assert.deepEqual(
        new Map(seen.map(({ id, state }) => [id, state])),
        new Map([
          ['good', 'open'],
          ['bad', 'unreadable'],
        ]),
      )
      await Promise.all(runs.map(run => run.release()))
    }))
})

describe('rounds', () => {
  test('look at all in turn, remember the rest, and forget what is gone', async () => {
    const rounds = new Rounds<string>()
    const looked: string[] = []
    const look = (all: string[]) =>
      rounds.look({ all, most: 2 }, async (name, before) => {
        looked.push(`${name}${before ?? ''}`)
        return '+'
      })
    for (let i = 0; i < 3; i++) await look(['a', 'b', 'c'])
    assert.deepEqual(looked, ['a', 'b', 'c', 'a+', 'b+', 'a+'])
    await look(['c'])
    assert.deepEqual([rounds.get('a'), rounds.get('c')], [undefined, '+'])
  })
})
