// What a fold that was killed right after its seal leaves to the runs that were forked from its run.
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
