// The timeline: what is told of runs, commits and locks, from what lies in the store.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError } from '../../lib/errors.ts'
import type { Client, World } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

const HOUR_MS = 3_600_000

const storiesOf = async (world: World) => {
  const { runs } = await (await world.client().store.namespace('p')).timeline()
  return Object.fromEntries(runs.map(run => [run.id, run]))
}

/** A process that is killed while it has a run. */
async function dieWith(world: World, id: string): Promise<void> {
  const dying = world.client()
  const run = await (await dying.store.namespace('p')).fork(id, { label: 'dying', ttlMs: 5000 })
  await run.put(id, '1')
  dying.kill()
}

describe('the timeline', () => {
  test('tells what became of each run, newest first, and when', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      const start = client.ambient.now()
      await dieWith(world, 'gone')
      await client.ambient.sleep(10_000)
      const folded = await parent.fork('folded', { label: 'build' })
      await client.ambient.sleep(20_000)
      await folded.put('a', '1')
      await client.ambient.sleep(30_000)
      await folded.fold()
      await (await parent.fork('discarded')).discard()
      const kept = await parent.fork('kept')
      await client.ambient.sleep(40_000)
      await kept.release()
      await client.ambient.sleep(50_000)
      const working = await parent.fork('working', { label: 'at it' })
      const { runs, unread, commits, locks } = await parent.timeline()
      assert.deepEqual(
        runs.map(({ id, fate }) => [id, fate]),
        [
          ['working', 'working'],
          ['kept', 'kept'],
          ['discarded', 'discarded'],
          ['folded', 'folded'],
          ['gone', 'gone'],
        ],
      )
      const about = (time: number | undefined) => Math.round(((time ?? 0) - start) / 10_000) * 10
      const [, k, , f, g] = runs
      assert.deepEqual([f?.forkedAt, f?.firstWriteAt, f?.sealedAt, f?.endedAt].map(about), [10, 30, 60, 60])
      assert.deepEqual([f?.label, f?.commits, f?.rows, f?.seq, f?.waitedMs !== undefined], ['build', 1, 1, 1, true])
      assert.deepEqual([k?.forkedAt, k?.endedAt].map(about), [60, 100])
      assert.ok(about(g?.endedAt) <= 10)
      assert.match(runs[0]?.owner ?? '', /^at it \(/)
      assert.equal(unread, 0)
      assert.deepEqual(
        commits.map(({ origin }) => origin?.run),
        ['p/folded'],
      )
      assert.ok(locks.some(({ name }) => name === 'merge'))
      await working.release()
    }))

  test('tells of a fold that is under way, and of one that was refused', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const refused = await parent.fork('refused')
      await refused.put('a', '1')
      await parent.put('a', '2')
      await assert.rejects(refused.fold(), ConflictError)
      assert.deepEqual((await storiesOf(world)).refused?.fate, 'folding')
      await refused.release()
      assert.equal((await storiesOf(world)).refused?.fate, 'kept')
    }))

  test('tells since when a run that died was left, once a sweep has ended it', () =>
    inWorld(async world => {
      const client = world.client()
      await client.store.namespace('p', { create: true })
      const start = client.ambient.now()
      const minutes = (time = 0) => Math.round((time - start) / 60_000)
      for (const onError of ['discard', 'fold'] as const) {
        const dying = world.client()
        const run = await (await dying.store.namespace('p')).fork(onError, { onError, ttlMs: 30_000 })
        await run.put(onError, '1')
        await client.ambient.sleep(10 * 60_000)
        dying.kill()
      }
      await client.ambient.sleep(2 * HOUR_MS)
      await client.store.sweep()
      const { discard, fold } = await storiesOf(world)
      assert.deepEqual([discard?.fate, discard?.left?.as, minutes(discard?.endedAt)], ['discarded', 'gone', 140])
      assert.deepEqual([discard?.left?.from, discard?.left?.to].map(minutes), [10, 140])
      assert.deepEqual([fold?.fate, fold?.left?.as, minutes(fold?.endedAt)], ['folded', 'gone', 140])
      assert.deepEqual([fold?.left?.from, fold?.left?.to].map(minutes), [20, 140])
    }))

  test('tells since when a run was given up before somebody went on with it, and not of an earlier life', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      const start = client.ambient.now()
      await (await parent.fork('r')).fold()
      await client.ambient.sleep(HOUR_MS)
      const run = await parent.fork('r')
      assert.equal((await storiesOf(world)).r?.left, undefined)
      await client.ambient.sleep(HOUR_MS)
      await run.release()
      await client.ambient.sleep(HOUR_MS)
      const again = await parent.resume('r')
      const { left } = (await storiesOf(world)).r ?? {}
      const hours = [left?.from, left?.to].map(time => Math.round(((time ?? 0) - start) / HOUR_MS))
      assert.deepEqual([left?.as, ...hours], ['kept', 2, 3])
      await again.release()
    }))

  test('tells of every life of an id that is used again', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      const before = client.ambient.now()
      for (let night = 0; night < 3; night++) {
        const run = await parent.fork('nightly')
        await run.put('a', String(night))
        await client.ambient.sleep(HOUR_MS)
        await run.fold()
      }
      const { runs } = await parent.timeline()
      assert.deepEqual(
        runs.map(({ fate, seq }) => [fate, seq]),
        [
          ['folded', 3],
          ['folded', 2],
          ['folded', 1],
        ],
      )
      const nights = runs.map(({ forkedAt }) => Math.round((forkedAt - before) / HOUR_MS))
      assert.deepEqual(nights, [2, 1, 0])
      assert.equal(new Set(runs.map(({ fork }) => fork)).size, 3)
    }))

  test('still tells of runs whose folders a sweep has emptied', () =>
    inWorld(async world => {
      const { client, parent } = await manyFolded(world, 3)
      const before = (await parent.timeline()).runs
      await client.store.sweep()
      await client.ambient.sleep(2 * HOUR_MS)
      await client.store.sweep()
      assert.equal(world.peek('ns/p/r0/_/head').emptied, true)
      assert.deepEqual((await parent.timeline()).runs, before)
    }))

  test('costs a request for each run and for each 16 commits, and a few more', () =>
    inWorld(async world => {
      const { client, parent } = await manyFolded(world, 200)
      client.requests.length = 0
      const told = { commits: 0, runs: 0 }
      const { runs, requests } = await parent.timeline({
        onProgress: (done, total, unit) => {
          told[unit] += 1
          assert.ok(done <= total)
        },
      })
      assert.equal(runs.length, 200)
      assert.deepEqual(told, { commits: 200, runs: 200 })
      assert.ok(requests <= 200 + 200 / 16 + 8, String(requests))
      assert.equal(client.requests.length, requests)
    }))

  test('of few runs looks at the open ones and the newest folds, and says how many it left out', () =>
    inWorld(async world => {
      const { client, parent } = await manyFolded(world, 30)
      const open = await parent.fork('open')
      client.requests.length = 0
      const { runs, unread } = await parent.timeline({ runs: 5 })
      assert.deepEqual(
        runs.map(({ id }) => id),
        ['open', 'r29', 'r28', 'r27', 'r26'],
      )
      assert.equal(runs.length + unread, 31)
      assert.ok(client.requests.length <= 14, client.requests.join('\n'))
      await open.release()
    }))
})

async function manyFolded(
  world: World,
  count: number,
): Promise<{ client: Client; parent: Awaited<ReturnType<typeof parentIn>> }> {
  const client = world.client()
  const parent = await client.store.namespace('p', { create: true })
  for (let i = 0; i < count; i++) {
    const run = await parent.fork(`r${i}`)
    await run.put(`f/${i}`, '1')
    await run.fold()
  }
  await parent.idle()
  return { client, parent }
}
