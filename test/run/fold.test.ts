import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ConflictError,
  NamespaceSealedError,
  OpenChildrenError,
  RunInUseError,
  RunNotFoundError,
} from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { contents, text, World } from '../support/world.ts'

async function inWorld(program: (world: World) => Promise<void>, options?: { seed: number }): Promise<void> {
  const world = new World(options)
  await world.run(() => program(world))
}

const parentIn = (world: World) => world.client().store.namespace('p', { create: true })

describe('a run (G3)', () => {
  test('sees the parent as it was at the fork, plus its own writes', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', 'old')
      await parent.put('b', 'kept')
      const run = await parent.fork('r1')
      await parent.put('a', 'new')
      await parent.put('c', 'later')
      await run.put('d', 'own')
      await run.delete('b')
      assert.deepEqual(await contents(run), { a: 'old', d: 'own' })
      assert.deepEqual(await contents(parent), { a: 'new', b: 'kept', c: 'later' })
    }))

  test('does not see its siblings, nor they it, until they are folded and it refreshes', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const [one, two] = await Promise.all([parent.fork('one'), parent.fork('two')])
      await one.put('from-one', '1')
      assert.equal(await two.get('from-one'), undefined)
      await one.fold()
      assert.equal(await two.get('from-one'), undefined)
      await two.refresh()
      assert.equal(text(await two.get('from-one')), '1')
    }))

  test('is forked in four requests and two round trips, whatever the parent holds (G8)', () =>
    inWorld(async world => {
      for (const rows of [0, 5_000]) {
        const client = world.client()
        const parent = await client.store.namespace(`rows-${rows}`, { create: true })
        if (rows > 0) await fill(parent, rows)
        client.requests.length = 0
        const before = world.time.elapsed
        await parent.fork('r')
        assert.equal(client.requests.length, 4)
        assert.equal(world.time.elapsed - before, 20)
      }
    }))

  test('of which the fork crashed anywhere can be resumed or forked again, and never harms the parent', async () => {
    for (let step = 0; step < 4; step++) {
      await inWorld(async world => {
        const parent = await parentIn(world)
        await parent.put('a', '1')
        let seen = 0
        const dying = world.client({
          weather: request => {
            if (request.phase === 'before' && request.key !== 'ns/p/_/head' && seen++ === step) dying.kill()
            return 'pass'
          },
        })
        void dying.store.namespace('p').then(namespace => namespace.fork('r'))
        await world.time.ambient().sleep(70_000)
        const run = await parent.fork('r').catch((error: unknown) => {
          assert.ok(error instanceof RunInUseError)
          return parent.resume('r')
        })
        await run.put('b', '2')
        assert.deepEqual(await contents(run), { a: '1', b: '2' })
        await run.fold()
        assert.deepEqual(await contents(parent), { a: '1', b: '2' })
      })
    }
  })
})

describe('a run id', () => {
  test('in use by a live owner is refused, naming the owner', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r', { label: 'the first' })
      const other = await world.client().store.namespace('p')
      await assert.rejects(
        other.fork('r'),
        (error: RunInUseError) => error instanceof RunInUseError && /the first/.test(error.message),
      )
      await assert.rejects(other.resume('r'), RunInUseError)
      await run.put('x', '1')
      await run.fold()
      assert.deepEqual(await contents(parent), { x: '1' })
    }))

  test('forked by two at once goes to one of them, whose run is whole', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const other = await world.client().store.namespace('p')
      const results = await Promise.allSettled([parent.fork('r'), other.fork('r')])
      const [won] = results.filter(result => result.status === 'fulfilled')
      assert.equal(results.filter(result => result.status === 'fulfilled').length, 1)
      assert.deepEqual(await contents(won?.value as Namespace), { a: '1' })
      assert.equal(world.keys('ns/p/_/forks/').length, 1)
    }))

  test('whose owner died can be resumed; the dead one, should it wake, can write no more (G7)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const sleeper = world.client()
      const lost = await (await sleeper.store.namespace('p')).fork('r', { ttlMs: 5_000 })
      await lost.put('x', 'from the first owner')
      sleeper.freeze()
      await world.time.ambient().sleep(10_000)
      const resumed = await parent.resume('r')
      sleeper.thaw()
      const error = await lost.put('x', 'too late').catch((reason: unknown) => reason)
      assert.equal((error as { code?: string }).code, 'ERR_RUNLET_LEASE_LOST')
      assert.ok(lost.signal.aborted)
      await resumed.fold()
      await assert
        .rejects(lost.fold().then(result => assert.equal(result.seq, 1)) as Promise<void>)
        .catch(() => undefined)
      assert.deepEqual(await contents(parent), { x: 'from the first owner' })
    }))

  test('can be used again once its run has ended', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      for (const value of ['1', '2', '3']) {
        const run = await parent.fork('nightly')
        assert.equal(text(await run.get('x')), value === '1' ? '(absent)' : String(Number(value) - 1))
        await run.put('x', value)
        await run.fold()
      }
      const run = await parent.fork('nightly')
      await run.put('x', 'never')
      await run.discard()
      assert.deepEqual(await contents(parent), { x: '3' })
    }))

  test('that never was cannot be resumed', () =>
    inWorld(async world => {
      await assert.rejects((await parentIn(world)).resume('r'), RunNotFoundError)
    }))
})

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

describe('nested runs', () => {
  test('fold into their parents, innermost first', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      await outer.put('b', '2')
      const inner = await outer.fork('inner')
      await inner.put('c', '3')
      assert.deepEqual(await contents(inner), { a: '1', b: '2', c: '3' })
      await assert.rejects(outer.fold(), OpenChildrenError)
      await outer.put('d', '4')
      await inner.fold()
      assert.deepEqual(await contents(outer), { a: '1', b: '2', c: '3', d: '4' })
      await outer.fold()
      assert.deepEqual(await contents(await world.client().store.namespace('p')), { a: '1', b: '2', c: '3', d: '4' })
    }))

  test('keep reading what they were forked from after their parent was refreshed', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      const inner = await outer.fork('inner')
      await parent.put('a', '2')
      await outer.refresh()
      assert.equal(text(await outer.get('a')), '2')
      const reader = await world.client().store.namespace('p/outer/inner')
      assert.equal(text(await reader.get('a')), '1')
      await inner.put('b', '1')
      await inner.fold()
      await outer.fold()
      assert.deepEqual(await contents(parent), { a: '2', b: '1' })
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
    }))

  test('find a conflict when their parent was refreshed over a path that they changed', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('a', '1')
      const outer = await parent.fork('outer')
      const inner = await outer.fork('inner')
      await inner.put('a', 'inner')
      await parent.put('a', '2')
      await outer.refresh()
      await assert.rejects(inner.fold(), ConflictError)
      await inner.fold({ onConflict: 'theirs' })
      await outer.fold()
      assert.deepEqual(await contents(parent), { a: 'inner' })
    }))
})

describe('refresh', () => {
  test('refuses a path that both changed, and leaves the run where it was', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('x', '0')
      const run = await parent.fork('r')
      await run.put('x', 'run')
      await parent.put('x', 'parent')
      await parent.put('y', 'parent')
      await assert.rejects(run.refresh(), ConflictError)
      assert.deepEqual(await contents(run), { x: 'run' })
      assert.equal(world.keys('ns/p/_/forks/').length, 1)
    }))

  test('settles it by policy, and the fold then finds no conflict', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await parent.put('log', 'a\n')
      const run = await parent.fork('r', { onConflict: { '**': 'union-lines' } })
      await run.put('log', 'a\nrun\n')
      await parent.put('log', 'a\nparent\n')
      await run.refresh()
      assert.equal(text(await run.get('log')), 'a\nparent\nrun\n')
      await run.fold({ onConflict: 'error' })
      assert.equal(text(await parent.get('log')), 'a\nparent\nrun\n')
    }))
})

describe('discard', () => {
  test('leaves the parent as it was, twice if need be, and refuses a folded run', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('x', '1')
      await run.discard()
      await run.discard()
      assert.deepEqual(await contents(parent), {})
      assert.deepEqual(world.keys('ns/p/_/forks/'), [])
      const folded = await parent.fork('f')
      await folded.put('y', '1')
      await folded.fold()
      await assert.rejects(folded.discard(), NamespaceSealedError)
    }))
})

async function fill(namespace: Namespace, rows: number): Promise<void> {
  await namespace.commit(tx => {
    for (let i = 0; i < rows; i++) tx.put(`data/${String(i).padStart(6, '0')}`, String(i))
  })
}
