// Runs and their owners: forked, written to, given up and resumed.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AmbiguousWrite, RunInUseError, RunNotFoundError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { contents, text } from '../support/world.ts'
import { fill, inWorld, parentIn } from './support.ts'

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

  test('is free again when whoever wanted to take it up could not tell its head (G6)', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('a', 'a')
      await run.release()
      const weather = ({ key, operation }: { key: string; operation: string }) =>
        operation === 'put' && key === 'ns/p/r/_/head' ? ('lose' as const) : ('pass' as const)
      const unlucky = await world.client({ weather }).store.namespace('p')
      await assert.rejects(unlucky.resume('r', { ttlMs: 60_000 }), AmbiguousWrite)
      const heir = await parent.resume('r')
      assert.equal(text(await heir.get('a')), 'a')
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
