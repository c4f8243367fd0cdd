// What a fold that was killed right after its seal leaves: to the runs that were forked from its run, and to whoever discards it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NamespaceSealedError } from '../../lib/errors.ts'
import { World } from '../support/world.ts'

test('a run whose parent was sealed by a fold that was killed can still be discarded, and then its parent be folded', async () => {
  const world = new World()
  await world.run(async () => {
    let sealed = () => {}
    const died = new Promise<void>(resolve => {
      sealed = resolve
    })
    const killed = world.client({
      weather: ({ phase, operation, key }) => {
        if (phase === 'after' && operation === 'put' && key === 'ns/p/outer/_/head' && isSealed()) {
          killed.kill()
          sealed()
        }
        return 'pass'
      },
    })
    const isSealed = () => world.peek('ns/p/outer/_/head').state === 'sealed'
    const outer = await (await killed.store.namespace('p', { create: true })).fork('outer', { ttlMs: 1_000 })
    await outer.put('a', '1')
    const other = world.client()
    const parent = await other.store.namespace('p')
    const inner = await (await other.store.namespace('p/outer')).fork('inner')
    await inner.put('b', '2')
    await Promise.race([outer.fold(), died])
    assert.ok(isSealed())
    await assert.rejects(inner.fold(), NamespaceSealedError)
    await inner.discard()
    await other.ambient.sleep(5_000)
    const resumed = await parent.resume('outer')
    await resumed.fold()
    assert.equal(Buffer.from((await parent.get('a')) ?? []).toString(), '1')
  })
})

test('a sweep ends the discard that was killed after the parent had refused to fold the sealed run', async () => {
  const world = new World()
  await world.run(async () => {
    const [HEAD, RUN_HEAD] = ['ns/p/_/head', 'ns/p/run/_/head']
    const killedAt = (key: string) => {
      let dead = () => {}
      const died = new Promise<void>(resolve => {
        dead = resolve
      })
      const client = world.client({
        weather: request => {
          if (armed && request.phase === 'before' && request.operation === 'put' && request.key === key) {
            client.kill()
            dead()
          }
          return 'pass'
        },
      })
      return { client, died }
    }
    let armed = false
    const folder = killedAt(HEAD)
    const run = await (await folder.client.store.namespace('p', { create: true })).fork('run', { ttlMs: 1_000 })
    await run.put('a', '1')
    armed = true
    await Promise.race([run.fold(), folder.died])
    assert.equal(world.peek(RUN_HEAD).state, 'sealed')
    const discarder = killedAt(RUN_HEAD)
    armed = false
    await discarder.client.ambient.sleep(60_000)
    const resumed = await (await discarder.client.store.namespace('p')).resume('run', { ttlMs: 1_000 })
    armed = true
    await Promise.race([resumed.discard(), discarder.died])
    assert.equal(world.peek(RUN_HEAD).state, 'sealed')
    armed = false
    const other = world.client()
    await other.ambient.sleep(60_000)
    const { runs, problems } = await other.store.sweep()
    assert.deepEqual(problems, [])
    assert.deepEqual(runs, [{ name: 'p/run', was: 'sealed', done: 'discarded' }])
    assert.equal(await (await other.store.namespace('p')).get('a'), undefined)
  })
})
