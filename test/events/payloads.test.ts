// What each channel tells, to the millisecond: time is virtual here; a request takes 10 ms, one that is refused 5.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { ConflictError, LockTimeoutError } from '../../lib/errors.ts'
import { publish, type RunletEvents } from '../../lib/events.ts'
import { World } from '../support/world.ts'

/** All that `program` has published on a channel. */
async function published<Name extends keyof RunletEvents>(
  name: Name,
  program: (world: World, events: RunletEvents[Name][]) => Promise<void>,
): Promise<RunletEvents[Name][]> {
  const events: RunletEvents[Name][] = []
  const note = (event: unknown) => events.push(event as RunletEvents[Name])
  const world = new World()
  subscribe(name, note)
  try {
    await world.run(() => program(world, events))
  } finally {
    unsubscribe(name, note)
  }
  return events
}

describe('events', () => {
  test('of requests tell bytes, time and outcome, also of those that lost a race', async () => {
    const requests = await published('runlet:request', async (world, events) => {
      const [a, b] = [world.client(), world.client()]
      const namespace = await a.store.namespace('p', { create: true })
      const same = await b.store.namespace('p')
      await namespace.put('a', '1')
      events.length = 0
      await same.put('b', '2')
    })
    assert.deepEqual(
      requests.map(({ operation, key, durationMs, outcome }) => [operation, key, durationMs, outcome]),
      [
        ['put', 'ns/p/_/head', 5, 'ERR_RUNLET_PRECONDITION_FAILED'],
        ['get', 'ns/p/_/head', 10, 'ok'],
        ['get', 'ns/p/_/lease/merge', 10, 'ok'],
        ['put', 'ns/p/_/head', 10, 'ok'],
      ],
    )
    const [lost, read] = requests
    assert.equal(lost?.store, 'memory:')
    assert.ok(lost.bytesUp > 100 && lost.bytesDown === 0)
    assert.ok(read?.bytesUp === 0 && read.bytesDown > 100)
  })

  test('of commits tell who made them and how long it took, with the attempts that were lost', async () => {
    const commits = await published('runlet:commit', async world => {
      const namespace = await world.client({ author: 'ada' }).store.namespace('p', { create: true })
      const same = await world.client({ author: 'bob' }).store.namespace('p')
      await Promise.all([namespace.put('a', '1'), namespace.put('b', '2')])
      await same.put('c', '3')
    })
    const shown = commits.map(({ id, ...rest }) => ({ ...rest, id: id.length > 0 }))
    assert.deepEqual(shown, [
      { namespace: 'p', seq: 1, author: 'ada', rows: 2, batchSize: 1, durationMs: 10, id: true },
      { namespace: 'p', seq: 2, author: 'bob', rows: 1, batchSize: 1, durationMs: 25, id: true },
    ])
  })

  test('of commits that the holder of the merge lease makes tell the same', async () => {
    let heldMs = 0
    const commits = await published('runlet:commit', async world => {
      const parent = await world.client({ author: 'ada' }).store.namespace('p', { create: true })
      const run = await parent.fork('r')
      await run.put('a', '1')
      heldMs = (await run.fold()).heldMs
    })
    const { namespace, author, rows, durationMs } = commits[1] as RunletEvents['runlet:commit']
    assert.deepEqual({ namespace, author, rows }, { namespace: 'p', author: 'ada', rows: 1 })
    assert.ok(durationMs >= 10 && durationMs <= heldMs, `${durationMs} ms`)
  })

  test('of folds tell what they cost; of one that was refused, why', async () => {
    const folds = await published('runlet:fold', async (world, events) => {
      const parent = await world.client().store.namespace('p', { create: true })
      const [run, refused] = [await parent.fork('r'), await parent.fork('refused')]
      await Promise.all([run.put('a', '1'), refused.put('a', '2')])
      const before = world.time.ambient().monotonic()
      const result = await run.fold()
      const durationMs = world.time.ambient().monotonic() - before
      assert.deepEqual(events[0], { namespace: 'p', run: 'p/r', outcome: 'ok', durationMs, ...result })
      assert.ok(result.heldMs > 0 && result.heldMs < durationMs)
      await assert.rejects(refused.fold(), ConflictError)
    })
    const { requests, durationMs, ...refused } = folds[1] as RunletEvents['runlet:fold']
    assert.deepEqual(refused, { namespace: 'p', run: 'p/refused', outcome: 'ERR_RUNLET_CONFLICT' })
    assert.ok(requests > 0 && durationMs > 0)
    assert.equal(folds.length, 2)
  })

  test('of leases tell how long they were waited for and held, and of a wait that ended in vain', async () => {
    const steps = await published('runlet:lease', async (world, events) => {
      const [a, b] = [world.client(), world.client()]
      const namespace = await a.store.namespace('p', { create: true })
      const same = await b.store.namespace('p')
      const first = namespace.lock('deploy', () => a.ambient.sleep(1_000), { label: 'first' })
      await a.ambient.sleep(100)
      await assert.rejects(
        same.lock('deploy', () => undefined, { label: 'hasty', waitMs: 0 }),
        LockTimeoutError,
      )
      await same.lock('deploy', () => b.ambient.sleep(500), { label: 'second' })
      await first
      assert.ok(events.every(({ key }) => key === 'ns/p/_/lease/lock.deploy'))
    })
    const told = steps.filter(({ what }) => what !== 'waiting')
    assert.deepEqual(
      told.map(({ what, label, token }) => [what, label, token]),
      [
        ['acquired', 'first', 1],
        ['timed-out', 'hasty', 1],
        ['released', 'first', 1],
        ['acquired', 'second', 2],
        ['released', 'second', 2],
      ],
    )
    const [, , firstEnd, second, secondEnd] = told
    assert.ok(firstEnd && second && secondEnd)
    assert.ok(firstEnd.heldMs >= 1_000 && firstEnd.heldMs < 1_100 && firstEnd.waitedMs === 0)
    assert.ok(second.heldMs === 0 && second.waitedMs > 800 && second.waitedMs < 2_000)
    assert.ok(secondEnd.heldMs >= 500 && secondEnd.waitedMs === second.waitedMs)
    const waits = steps.filter(({ what }) => what === 'waiting').map(({ waitedMs }) => waitedMs)
    assert.deepEqual(
      waits,
      [...waits].sort((a, b) => a - b),
    )
    assert.ok(waits.length > 1)
  })

  test('of leases tell the end of those that are left to expire: of a folded run, and when the store is away', async () => {
    let away = false
    const steps = await published('runlet:lease', async world => {
      const { store, ambient } = world.client({ weather: () => (away ? 'lose' : 'pass') })
      const parent = await store.namespace('p', { create: true })
      const run = await parent.fork('r')
      await run.put('a', '1')
      await ambient.sleep(1_000)
      await run.fold()
      await parent.lock('deploy', () => {
        away = true
      })
    })
    const ends = steps.filter(({ what }) => what === 'abandoned')
    assert.deepEqual(
      ends.map(({ lease }) => lease),
      ['owner', 'lock.deploy'],
    )
    assert.ok((ends[0]?.heldMs ?? 0) > 1_000)
  })

  test('are not even made when nobody listens', () => {
    publish('runlet:commit', () => assert.fail('made for nobody'))
  })
})
