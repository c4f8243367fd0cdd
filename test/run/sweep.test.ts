// The sweep on virtual time: what it finishes, what it deletes and what it must not.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError, StaleWriteError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { type Client, contents, text, World } from '../support/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const large = (version: string) => version.repeat(5_000)

async function inWorld(program: (world: World, me: Client, parent: Namespace) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const me = world.client()
    await program(world, me, await me.store.namespace('p', { create: true }))
  })
}

/** Sweeps now and when all that was found then may go. */
async function sweepTwice({ store, ambient }: Client) {
  const first = await store.sweep()
  await ambient.sleep(1.1 * HOUR)
  const second = await store.sweep()
  assert.deepEqual([...first.problems, ...second.problems], [])
  return second
}

describe('a sweep', () => {
  test('deletes the values that were written over, after the grace period and not before', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      await parent.put('a', large('2'))
      const early = await me.store.sweep()
      assert.equal(world.keys('ns/p/_/values/').length, 2)
      assert.deepEqual(early.waiting, { objects: 1, bytes: 5_000 })
      await me.ambient.sleep(0.9 * HOUR)
      assert.equal((await me.store.sweep()).removed.objects, 0)
      await me.ambient.sleep(0.2 * HOUR)
      const { removed } = await me.store.sweep()
      assert.deepEqual(removed.byKind.values, { objects: 1, bytes: 5_000 })
      assert.equal(world.keys('ns/p/_/values/').length, 1)
      assert.equal(text(await parent.get('a')), large('2'))
    }))

  test('of nothing new costs a handful of requests and writes nothing', () =>
    inWorld(async (_, me, parent) => {
      await parent.put('a', large('1'))
      await sweepTwice(me)
      await me.ambient.sleep(2 * HOUR)
      await me.store.sweep()
      const before = me.requests.length
      const report = await me.store.sweep()
      const made = me.requests.slice(before)
      assert.ok(made.length <= 10, made.join('\n'))
      assert.deepEqual(
        made.filter(request => /^(put|delete)/.test(request)),
        [],
      )
      assert.equal(report.bytesUp, 0)
    }))

  test('leaves what an open run reaches, and takes it when the run has ended (G9)', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      const run = await parent.fork('r')
      await parent.put('a', large('2'))
      for (let i = 0; i < 40; i++) await parent.put(`b/${i}`, 'x'.repeat(1_000))
      await parent.compact()
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(text(await run.get('a')), large('1'))
      await run.discard()
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 1)
      assert.equal(text(await parent.get('a')), large('2'))
    }))

  test('takes what only a run had held since before any sweep saw it, when the run has ended', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('0'))
      await sweepTwice(me)
      await parent.put('a', large('1'))
      const run = await parent.fork('r')
      await parent.put('a', large('2'))
      for (let i = 0; i < 40; i++) await parent.put(`b/${i}`, 'x'.repeat(1_000))
      await parent.compact()
      for (let i = 0; i < 60; i++) {
        await me.ambient.sleep(HOUR)
        await me.store.sweep()
      }
      assert.equal(text(await run.get('a')), large('1'))
      await run.discard()
      for (let i = 0; i < 60; i++) {
        await me.ambient.sleep(HOUR)
        await me.store.sweep()
      }
      assert.equal(world.keys('ns/p/_/values/').length, 1)
    }))

  test('empties the folder of a folded run, but for what its parent adopted', () =>
    inWorld(async (world, me, parent) => {
      await me.store.sweep()
      const run = await parent.fork('r')
      await run.put('kept', large('k'))
      await run.put('gone', large('1'))
      await run.put('gone', large('2'))
      for (let i = 0; i < 30; i++) await run.put(`n/${i}`, 'x'.repeat(2_000))
      await run.fold()
      const before = await contents(parent)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.equal(world.keys('ns/p/r/_/values/').length, 2)
      await parent.delete('gone')
      await parent.delete('kept')
      await sweepTwice(me)
      assert.deepEqual(world.keys('ns/p/r/_/values/'), [])
      assert.equal(text(await parent.get('n/7')), 'x'.repeat(2_000))
    }))

  test('empties the folder of a run whose fold was cut short after its commit, though its owner seemed alive for a day', () =>
    inWorld(async (world, me, parent) => {
      let dying: Client | undefined
      const other = world.client({
        weather: ({ phase, operation, key }) => {
          if (dying && phase === 'after' && operation === 'put' && key === 'ns/p/_/head') dying.kill()
          return 'pass'
        },
      })
      await me.store.sweep()
      const run = await (await other.store.namespace('p')).fork('r', { ttlMs: DAY })
      await run.put('kept', large('k'))
      dying = other
      void run.fold()
      await me.ambient.sleep(HOUR)
      assert.equal(text(await parent.get('kept')), large('k'))
      assert.equal(world.peek('ns/p/r/_/head').state, 'sealed')
      await sweepTwice(me)
      await sweepTwice(me)
      await me.ambient.sleep(DAY)
      await sweepTwice(me)
      await sweepTwice(me)
      const { state, emptied } = world.peek('ns/p/r/_/head')
      assert.deepEqual({ state, emptied }, { state: 'folded', emptied: true })
      assert.equal(text(await parent.get('kept')), large('k'))
    }))

  test('leaves nothing of a discarded run but heads and leases', () =>
    inWorld(async (world, me, parent) => {
      const run = await parent.fork('r')
      const inner = await run.fork('inner')
      await inner.put('x', large('i'))
      await inner.fold()
      await run.put('a', large('1'))
      await run.discard()
      await sweepTwice(me)
      assert.deepEqual(
        world.keys('ns/p/r/').filter(key => !/\/_\/(head$|lease\/)/.test(key)),
        [],
      )
      await assert.rejects(
        parent.resume('r').then(found => found.fold()),
        { code: 'ERR_RUNLET_NAMESPACE_SEALED' },
      )
      await assert.rejects(run.get('a'), { code: 'ERR_RUNLET_RUN_NOT_FOUND' })
    }))

  test('takes nothing of what an earlier run of the same id left to its parent', () =>
    inWorld(async (_, me, parent) => {
      const nightly = async (version: string) => {
        const run = await parent.fork('nightly')
        await run.put(`report/${version}`, large(version))
        for (let i = 0; i < 12; i++) await run.put(`${version}/${i}`, version.repeat(2_000))
        await run.fold()
      }
      await nightly('1')
      await me.ambient.sleep(60_000)
      await nightly('2')
      const before = await contents(parent)
      await sweepTwice(me)
      const open = await parent.fork('nightly')
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.deepEqual(await contents(open), before)
      await open.discard()
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
    }))

  test('empties the folder of an id that is used again and again, when its last run has ended', () =>
    inWorld(async (world, me, parent) => {
      for (let night = 0; night < 5; night++) {
        const run = await parent.fork('nightly')
        await run.put('scratch', large(`s${night}`))
        await run.put('scratch', large(`t${night}`))
        await run.put(`report/${night}`, large(`${night}`))
        await run.delete('scratch')
        if (night === 2) await run.discard()
        else await run.fold()
        if (night % 2 === 1) await me.store.sweep()
      }
      const before = await contents(parent)
      await sweepTwice(me)
      await sweepTwice(me)
      assert.deepEqual(await contents(parent), before)
      assert.equal(world.keys('ns/p/nightly/_/values/').length, 4)
    }))

  test('finds what a killed and a refused writer left', () =>
    inWorld(async (world, me, parent) => {
      let dies = false
      const killed = world.client({
        weather: ({ key, phase }): Fate => {
          if (dies && phase === 'before' && key.endsWith('/head')) killed.kill()
          return 'pass'
        },
      })
      const theirs = await killed.store.namespace('p')
      dies = true
      void theirs.put('never', large('n'))
      await parent.put('a', 'base')
      const stale = world.client()
      const late = await stale.store.namespace('p')
      await assert.rejects(
        late.commit(async tx => {
          await tx.put('a', large('late'))
          await parent.put('a', 'newer')
        }),
        ConflictError,
      )
      await me.store.sweep()
      assert.equal(world.keys('ns/p/_/values/').length, 2)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      await me.ambient.sleep(2 * DAY)
      await sweepTwice(me)
      assert.deepEqual(world.keys('ns/p/_/values/'), [])
      assert.deepEqual(await contents(parent), { a: 'newer' })
    }))

  test('does with a run whose owner died what its fork chose', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const theirs = await owner.store.namespace('p')
      for (const onError of ['fold', 'discard', 'keep'] as const) {
        const run = await theirs.fork(onError, { onError })
        await run.put(onError, onError)
      }
      await me.store.sweep()
      assert.equal((await parent.runs()).length, 3, 'nobody touches a run whose owner lives')
      owner.kill()
      await me.ambient.sleep(5 * 60_000)
      const { runs } = await me.store.sweep()
      assert.deepEqual(Object.fromEntries(runs.map(({ name, done }) => [name, done])), {
        'p/fold': 'folded',
        'p/discard': 'discarded',
        'p/keep': 'kept',
      })
      assert.deepEqual(await contents(parent), { fold: 'fold' })
      await me.ambient.sleep(15 * DAY)
      const later = await me.store.sweep()
      assert.deepEqual(later.runs, [{ name: 'p/keep', was: 'open', done: 'discarded' }])
    }))

  test('keeps a run that outlives its processes for as long as its fork has recorded, from the last sign of life on', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const theirs = await owner.store.namespace('p')
      for (const id of ['ordinary', 'silent', 'seen', 'fold', 'discard'] as const) {
        const onError = id === 'fold' || id === 'discard' ? id : 'keep'
        const run = await theirs.fork(id, { onError, keepMs: id === 'ordinary' ? undefined : 90 * DAY })
        await run.put(id, id)
        if (onError === 'keep') await run.release()
      }
      owner.kill()
      const sweep = async () => {
        const { runs, problems } = await me.store.sweep({ keepMs: 14 * DAY })
        assert.deepEqual(problems, [])
        return Object.fromEntries(runs.map(({ name, done }) => [name, done]))
      }
      const kept = { 'p/silent': 'kept', 'p/seen': 'kept', 'p/fold': 'kept', 'p/discard': 'kept' }
      await me.ambient.sleep(80 * DAY)
      assert.deepEqual(await sweep(), { 'p/ordinary': 'discarded', ...kept })
      await (await parent.resume('seen')).release()
      await me.ambient.sleep(11 * DAY)
      assert.deepEqual(await sweep(), {
        'p/silent': 'discarded',
        'p/seen': 'kept',
        'p/fold': 'folded',
        'p/discard': 'discarded',
      })
      assert.deepEqual(await contents(parent), { fold: 'fold' })
    }))

  test('finishes a fold that was killed at any of its requests', async () => {
    for (let at = 0; at < 12; at++) {
      await inWorld(async (world, me, parent) => {
        let left = Number.POSITIVE_INFINITY
        const owner = world.client({
          weather: ({ phase }): Fate => {
            if (phase === 'before' && left-- === 0) owner.kill()
            return 'pass'
          },
        })
        const run = await (await owner.store.namespace('p')).fork('r', { onError: 'fold' })
        for (let i = 0; i < 12; i++) await run.put(`f/${i}`, large(String(i)))
        await parent.put('other', '1')
        left = at
        void run.fold().catch(() => undefined)
        await me.ambient.sleep(5 * 60_000)
        await sweepTwice(me)
        assert.equal(Object.keys(await contents(parent)).length, 13, `killed at request ${at}`)
        assert.deepEqual(world.keys('ns/p/_/forks/'), [])
      })
    }
  })

  test('in a dry run says what it would do, and changes nothing', () =>
    inWorld(async (world, me, parent) => {
      const owner = world.client()
      const run = await (await owner.store.namespace('p')).fork('r', { onError: 'discard' })
      await run.put('x', large('x'))
      owner.kill()
      await parent.put('a', large('1'))
      await me.store.sweep()
      await parent.put('a', large('2'))
      await me.ambient.sleep(5 * 60_000)
      const before = new Map(world.bucket.objects)
      const report = await me.store.sweep({ dryRun: true })
      assert.deepEqual(report.runs, [{ name: 'p/r', was: 'open', done: 'discarded' }])
      assert.deepEqual(report.waiting, { objects: 1, bytes: 5_000 })
      const leases = /\/_\/lease\//
      for (const [key, { etag }] of before) assert.equal(world.bucket.objects.get(key)?.etag, etag, key)
      assert.deepEqual(
        world.keys().filter(key => !before.has(key) && !leases.test(key)),
        [],
      )
    }))

  test('reaches a namespace whose name has several segments, and tells of a broken one while it goes on with the others', () =>
    inWorld(async (world, me) => {
      const project = await me.store.namespace('team/project', { create: true })
      await project.put('a', large('1'))
      await me.store.sweep()
      await project.put('a', large('2'))
      await me.objects.put('ns/broken/_/head', Buffer.from('{'))
      const first = await me.store.sweep()
      await me.ambient.sleep(1.1 * HOUR)
      await me.store.sweep()
      assert.equal(world.keys('ns/team/project/_/values/').length, 1)
      assert.deepEqual(
        first.problems.map(({ what, code }) => [what, code]),
        [['broken', 'ERR_RUNLET_CORRUPT_OBJECT']],
      )
    }))

  test('removes what a doctor left that was killed', () =>
    inWorld(async (world, me) => {
      await me.objects.put('doctor/abc/reachable', Buffer.from('x'))
      await me.store.sweep()
      assert.equal(world.keys('doctor/').length, 1)
      await me.ambient.sleep(2 * HOUR)
      const { removed } = await me.store.sweep()
      assert.deepEqual(removed.byKind.doctor, { objects: 1, bytes: 1 })
      assert.deepEqual(world.keys('doctor/'), [])
    }))

  test('beside another sweep and writers does no harm', () =>
    inWorld(async (world, me, parent) => {
      const others = [world.client(), world.client()]
      for (let round = 0; round < 12; round++) {
        const run = await parent.fork(`r${round}`)
        await run.put(`run/${round}`, large(`${round}`))
        await Promise.all([
          run.fold(),
          parent.put('a', large(`${round}`)),
          ...others.map(({ store }) => store.sweep()),
          me.ambient.sleep(0.5 * HOUR),
        ])
      }
      for (const { store } of others) assert.deepEqual((await store.sweep()).problems, [])
      for (let round = 0; round < 12; round++) assert.equal(text(await parent.get(`run/${round}`)), large(`${round}`))
      assert.equal(text(await parent.get('a')), large('11'))
      await sweepTwice(me)
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 1)
    }))
})

describe('a writer that slept for days between storing a value and its commit', () => {
  test('stores it again', () =>
    inWorld(async (world, me, parent) => {
      let sleeps = 1
      const slow = world.client({
        weather: async ({ key, phase }): Promise<Fate> => {
          if (phase === 'after' && key.includes('/values/') && sleeps-- > 0) await me.ambient.sleep(4 * DAY)
          return 'pass'
        },
      })
      const theirs = await slow.store.namespace('p')
      const put = theirs.put('a', large('slow'))
      for (let day = 0; day < 4; day++) {
        await me.ambient.sleep(0.9 * DAY)
        await sweepTwice(me)
      }
      await put
      await sweepTwice(me)
      assert.equal(text(await parent.get('a')), large('slow'))
    }))

  test('is told so if it was a transaction', () =>
    inWorld(async (_, me, parent) => {
      const late = parent.commit(async tx => {
        await tx.put('a', large('slow'))
        await me.ambient.sleep(4 * DAY)
      })
      await assert.rejects(late, StaleWriteError)
      assert.equal(await parent.get('a'), undefined)
    }))
})

describe('a fork that slept for hours before its pin was put', () => {
  test('stands on what is there when it wakes', () =>
    inWorld(async (world, me, parent) => {
      await parent.put('a', large('1'))
      await me.store.sweep()
      let sleeps = 1
      const slow = world.client({
        weather: async ({ key, phase }): Promise<Fate> => {
          if (phase === 'before' && key.includes('/forks/') && sleeps-- > 0) await me.ambient.sleep(10 * HOUR)
          return 'pass'
        },
      })
      const forked = (await slow.store.namespace('p')).fork('r')
      await me.ambient.sleep(60_000)
      await parent.put('a', large('2'))
      for (let i = 0; i < 5; i++) await sweepTwice(me)
      const run = await forked
      assert.equal(text(await run.get('a')), large('2'))
    }))
})

describe('retention in a sweep', () => {
  const newest = [{ path: 'data/{name}/{version}', keep: { newest: 2, by: 'version' } }]

  test('deletes what its rules say, and the values a grace period later', () =>
    inWorld(async (world, me, parent) => {
      for (let version = 1; version <= 9; version++) await parent.put(`data/a/${version}`, large(`${version}`))
      await parent.put('other', large('o'))
      const dry = await me.store.sweep({ retention: newest, dryRun: true })
      assert.deepEqual(
        dry.retention.map(({ files, bytes }) => [files, bytes]),
        [[7, 35_000]],
      )
      assert.equal(Object.keys(await contents(parent)).length, 10)
      await me.store.sweep()
      const { retention } = await me.store.sweep({ retention: newest })
      assert.deepEqual(
        retention.map(({ files, bytes }) => [files, bytes]),
        [[7, 35_000]],
      )
      assert.deepEqual(Object.keys(await contents(parent)), ['data/a/8', 'data/a/9', 'other'])
      await sweepTwice(me)
      assert.equal(world.keys('ns/p/_/values/').length, 3)
    }))

  test('with a rule that is none is refused before anything is done', () =>
    inWorld(async (_, me, parent) => {
      await parent.put('data/a/1', '1')
      await assert.rejects(me.store.sweep({ retention: [{ path: '**', maxAge: '1d' }] }), {
        code: 'ERR_RUNLET_INVALID_ARGUMENT',
      })
    }))
})
