// A push that is prepared first, and committed later or never.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvalidArgumentError } from '../../../../../lib/errors.ts'
import type { PushManifest } from '../../../../../lib/integrations/swamp/sync/contract.ts'
import { SyncConflictError } from '../../../../../lib/integrations/swamp/sync/errors.ts'
import type { World } from '../world.ts'

const throughJson = (manifest: PushManifest): PushManifest => JSON.parse(JSON.stringify(manifest))

export function describeTwoPhases(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a push in two phases`, () => {
    test('publishes nothing before its second, and then all in one commit', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ a: '1', b: '1' })
      await a.service.pushChanged()
      const before = (await (await world.namespace()).log()[Symbol.asyncIterator]().next()).value.seq
      await a.edit({ a: '2', b: null, large: 'x'.repeat(50_000) })
      const manifest = throughJson(await a.service.preparePush())
      assert.equal(await b.service.pullChanged(), 2)
      assert.equal(await a.service.commitPush(manifest), 3)
      assert.equal(await b.service.pullChanged(), 3)
      assert.deepEqual(await b.files(), await a.files())
      const { value } = await (await world.namespace()).log()[Symbol.asyncIterator]().next()
      assert.deepEqual([value.seq, value.rows], [before + 1, 3])
    })

    test('committed twice changes nothing the second time', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ a: '1' })
      const manifest = await a.service.preparePush()
      assert.equal(await a.service.commitPush(manifest), 1)
      assert.equal(await a.service.commitPush(manifest), 0)
      await b.service.pullChanged()
      await b.edit({ a: '2' })
      await b.service.pushChanged()
      await a.service.pullChanged()
      assert.equal(await a.service.commitPush(manifest), 0)
      assert.deepEqual(await world.stored(), { a: '2' })
    })

    test('that is never committed harms nobody, and the next push takes it up', async () => {
      const world = await fresh()
      const first = await world.process('a')
      await first.edit({ a: '1', large: 'x'.repeat(50_000) })
      await first.service.preparePush()
      assert.deepEqual(await world.stored(), {})
      const second = await world.process('a')
      assert.equal(await second.service.pushChanged(), 2)
      assert.deepEqual(await world.stored(), await second.files())
    })

    test('may be prepared side by side, and both are committed', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ 'data/aws/ec2/i-1/d': 'a' })
      await b.edit({ 'data/aws/rds/d-1/d': 'b' })
      const manifests = [await a.service.preparePush(), await b.service.preparePush()]
      assert.equal(await b.service.commitPush(manifests[1]), 1)
      assert.equal(await a.service.commitPush(manifests[0]), 1)
      assert.equal(Object.keys(await world.stored()).length, 2)
    })

    test('of what others wrote since is an error that loses nothing', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ a: 'mine', c: 'mine' })
      await b.edit({ a: 'theirs', b: 'theirs' })
      const manifest = await a.service.preparePush()
      await b.service.pushChanged()
      const conflict = await a.service.commitPush(manifest).catch(error => error)
      assert.ok(conflict instanceof SyncConflictError)
      assert.deepEqual(conflict.paths, ['a'])
      assert.deepEqual(await world.stored(), { a: 'theirs', b: 'theirs' })
      assert.deepEqual(await a.files(), { a: 'mine', c: 'mine' })
    })

    test('takes nothing but its own manifest', async () => {
      const world = await fresh()
      const { service, edit } = await world.process()
      await edit({ 'x/a': '1' })
      for (const manifest of [
        undefined,
        {},
        7,
        { format: 1, namespace: '', prepared: {}, whole: true, marks: ['../x'] },
      ])
        await assert.rejects(service.commitPush(manifest), InvalidArgumentError)
      const manifest = await service.preparePush()
      await assert.rejects(service.commitPush(manifest, { namespace: 'other' }), InvalidArgumentError)
    })
  })
}
