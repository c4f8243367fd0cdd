// A fold: all of a run or nothing, once, whatever the parent did meanwhile (G2, G4, G5).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError, NamespaceSealedError } from '../../lib/errors.ts'
import { contents } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

describe('a fold', () => {
  test('brings everything that the run changed, deletions included, in one commit of the parent (G2)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('gone', '1')
      const run = await parent.fork('r')
      for (let i = 0; i < 40; i++) await run.put(`f/${i}`, String(i))
      await run.put('large', 'x'.repeat(10_000))
      await run.delete('gone')
      const before = Object.keys(world.peek('ns/p/_/head').commits).length
      const result = await run.fold()
      assert.equal(result.rows, 42)
      assert.equal(result.seq, 2)
      assert.equal(world.peek('ns/p/_/head').commits.length, before + 1)
      const now = await contents(await world.client().store.namespace('p'))
      assert.equal(Object.keys(now).length, 41)
      assert.equal(now['f/39'], '39')
      assert.equal(now.large, 'x'.repeat(10_000))
    }))

  test('leaves nothing behind but the run’s head and data: no pin, nothing queued', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('x', '1')
      await run.fold()
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
      assert.deepEqual(world.keys('ns/p/_/queue/'), [])
      assert.equal(world.peek('ns/p/r/_/head').state, 'folded')
      assert.equal(world.peek('ns/p/_/lease/merge').holder, null)
    }))

  test('of a 24-file run alone takes at most 12 requests, 7 round trips and 256 KiB', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      await parent.put('a', '1')
      const run = await parent.fork('r')
      await Promise.all(Array.from({ length: 24 }, (_, i) => run.put(`f/${i}`, String(i).repeat(512))))
      client.requests.length = 0
      const before = world.time.elapsed
      const result = await run.fold()
      assert.ok(client.requests.length <= 12, client.requests.join('\n'))
      assert.ok(world.time.elapsed - before <= 7 * 10, `${(world.time.elapsed - before) / 10} round trips`)
      assert.equal(result.requests, client.requests.length)
    }))

  test('twice changes nothing and gives the same seq (G5)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('x', '1')
      const first = await run.fold()
      await parent.put('x', '2')
      assert.equal((await run.fold()).seq, first.seq)
      assert.equal((await (await parent.resume('r')).fold()).seq, first.seq)
      assert.deepEqual(await contents(parent), { x: '2' })
    }))

  test('that crashed after any of its requests is finished by folding again, once (G1, G2, G5)', async () => {
    let steps = 0
    for (let step = 0; ; step++) {
      let reached = false
      for (const phase of ['before', 'after'] as const) {
        await inWorld(async world => {
          const parent = await parentIn(world)
          await parent.put('x', 'old')
          let counting = false
          let seen = 0
          const dying = world.client({
            weather: request => {
              if (counting && request.phase === phase && seen++ === step) {
                reached = true
                dying.kill()
              }
              return 'pass'
            },
          })
          const run = await (await dying.store.namespace('p')).fork('r', { ttlMs: 5_000 })
          await run.put('x', 'new')
          await run.put('y', 'y'.repeat(9_000))
          counting = true
          void run.fold()
          await world.time.ambient().sleep(20_000)
          const seenBetween = await contents(parent)
          assert.ok(['old', 'new'].includes(seenBetween.x ?? ''))
          assert.equal('y' in seenBetween, seenBetween.x === 'new')
          await parent.put('z', '1')
          const result = await (await parent.resume('r')).fold()
          assert.deepEqual(await contents(parent), { x: 'new', y: 'y'.repeat(9_000), z: '1' })
          const folds = world.peek('ns/p/_/head').commits.filter((commit: { origin?: unknown }) => commit.origin)
          assert.equal(folds.length, 1)
          assert.equal(folds[0].seq, result.seq)
          assert.deepEqual(world.keys('ns/p/_/forks/'), [])
        })
      }
      if (!reached) break
      steps = step + 1
    }
    assert.ok(steps >= 10, `only ${steps} requests were tried`)
  })

  test('that meets a change of the same path is refused, naming the path, and the run is kept (G4)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      const run = await parent.fork('r')
      await run.put('x', 'run')
      await run.put('y', 'run')
      await parent.put('x', 'parent')
      await assert.rejects(
        run.fold(),
        (error: ConflictError) => error instanceof ConflictError && error.paths.join() === 'x',
      )
      assert.deepEqual(await contents(parent), { x: 'parent' })
      await run.fold({ onConflict: 'theirs' })
      assert.deepEqual(await contents(parent), { x: 'run', y: 'run' })
    }))

  test('agrees with a parent that changed the same path to the same content', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      const run = await parent.fork('r')
      await run.put('x', 'same')
      await parent.put('x', 'same')
      await run.fold()
      assert.deepEqual(await contents(parent), { x: 'same' })
    }))

  test('finds a conflict with a deletion, also after a compaction', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      await parent.put('other', '0')
      const run = await parent.fork('r')
      await run.put('x', 'run')
      await parent.delete('x')
      await parent.compact()
      await assert.rejects(run.fold(), ConflictError)
      await run.fold({ onConflict: 'ours' })
      assert.deepEqual(await contents(parent), { other: '0' })
    }))

  test('of a run that changed nothing adds no commit', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      const run = await parent.fork('r')
      const result = await run.fold()
      assert.equal(result.rows, 0)
      assert.equal(world.peek('ns/p/_/head').seq, 1)
    }))

  test('ends the run: later writes are refused by its state', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      const other = await world.client().store.namespace('p/r')
      await other.put('x', '1')
      await run.fold()
      await assert.rejects(other.put('x', '2'), NamespaceSealedError)
      assert.deepEqual(await contents(parent), { x: '1' })
    }))

  test('of a hundred runs at once takes a handful of swaps, and none fails (G6)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const runs = await Promise.all(
        Array.from({ length: 100 }, async (_, i) => (await world.client().store.namespace('p')).fork(`r${i}`)),
      )
      await Promise.all(runs.map((run, i) => run.put(`runs/${i}`, String(i))))
      const headsBefore = world.bucket.objects.get('ns/p/_/head')
      assert.ok(headsBefore)
      const results = await Promise.all(runs.map(run => run.fold()))
      const swaps = new Set(results.map(result => result.seq - (result.seq % 1000)))
      assert.ok(swaps.size >= 1)
      assert.equal(Object.keys(await contents(parent)).length, 100)
      assert.equal(new Set(results.map(result => result.seq)).size, 100)
      assert.ok(Math.max(...results.map(result => result.batchSize)) > 50)
    }))

  test('waits no longer for a dead holder of the merge lease than its time to live and a takeover (G6, G7)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const dying = world.client({
        weather: request => {
          // It dies with the lease in hand, before it swaps the parent's head.
          if (request.operation === 'list' && request.key === 'ns/p/_/queue/') dying.kill()
          return 'pass'
        },
      })
      const dead = await (await dying.store.namespace('p')).fork('dead')
      await dead.put('d', '1')
      void dead.fold()
      const run = await parent.fork('r')
      await run.put('x', '1')
      await world.time.ambient().sleep(500)
      const before = world.time.elapsed
      await run.fold()
      const took = world.time.elapsed - before
      assert.ok(took < 10_000 + 3_000, `took ${took} ms`)
      assert.deepEqual(await contents(parent), { x: '1' })
    }))
})
