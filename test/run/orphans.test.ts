// The daily look for what nothing refers to: what it reads, and what it must not take for an orphan.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contents, World } from '../support/world.ts'
import { DAY, HOUR } from './sweep-world.ts'

/** Sweeps by the hour, past the grace period of whatever one of them found. */
async function sweepAll(world: World): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const { problems } = await world.client().store.sweep()
    assert.deepEqual(problems, [])
    await world.client().ambient.sleep(2 * HOUR)
  }
}

test('keeps a value to which only the index file of a writer refers whose clock is days behind', async () => {
  const world = new World()
  await world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    const behind = await world.client({ skewMs: -5 * DAY }).store.namespace('p')
    const write = (name: string) =>
      parent.commit(tx => {
        for (let i = 0; i < 60; i++) void tx.put(`${name}/${i}`, `${name} ${i}`.padEnd(20_000, '.'))
      })
    await write('first')
    await parent.compact()
    for (let day = 0; day < 3; day++) {
      await sweepAll(world)
      await writer.ambient.sleep(DAY)
      await write(`day-${day}`)
      await behind.compact()
    }
    await writer.ambient.sleep(2 * DAY)
    const before = world.keys('ns/p/_/values/')
    await sweepAll(world)
    await writer.ambient.sleep(2 * DAY)
    await sweepAll(world)
    assert.deepEqual(world.keys('ns/p/_/values/'), before)
    assert.equal(Object.keys(await contents(await world.client().store.namespace('p'))).length, 240)
  })
})

test('reads what was written since the last look, not the index, and finds what a killed writer left', async () => {
  const world = new World()
  await world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    await parent.commit(tx => {
      for (let i = 0; i < 20_000; i++) void tx.put(`a/${String(i).padStart(5, '0')}`, '')
    })
    await parent.compact()
    const shards = world.keys('ns/p/_/index/').length
    assert.ok(shards > 20)
    await sweepAll(world)
    await writer.ambient.sleep(2 * DAY)
    await sweepAll(world)
    await parent.commit(tx => {
      for (let i = 5000; i < 6000; i++) void tx.put(`a/0${i}`, i > 5000 ? 'x' : 'x'.repeat(20_000))
    })
    await parent.compact()
    await sweepAll(world) // which deletes the nodes that the last look saw
    const killed = world.client({
      weather: ({ operation, key }) =>
        (operation === 'put' && key.endsWith('/head') ? killed.kill() : undefined) ?? 'pass',
    })
    void (await killed.store.namespace('p')).put('b', 'y'.repeat(20_000)).catch(() => undefined)
    await writer.ambient.sleep(2 * DAY)
    assert.equal(world.keys('ns/p/_/values/').length, 2)
    const sweeper = world.client()
    await sweeper.store.sweep()
    const read = sweeper.requests.filter(request => request.startsWith('get ns/p/_/index/'))
    assert.ok(read.length < 6, `${read.length} of ${shards} index files`)
    await writer.ambient.sleep(2 * HOUR)
    await sweepAll(world)
    assert.equal(world.keys('ns/p/_/values/').length, 1)
  })
})
