// A signal of the caller ends the work, and harms nothing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { World } from '../world.ts'

export function describeSignals(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a signal`, () => {
    test('that has aborted ends everything at once, under the name that swamp knows', async () => {
      const world = await fresh()
      const { service, edit } = await world.process()
      await edit({ a: '1' })
      const manifest = await service.preparePush()
      const signal = AbortSignal.abort(new Error('enough'))
      const all = [
        service.pullChanged({ signal }),
        service.pushChanged({ signal }),
        service.preparePush({ signal }),
        service.commitPush(manifest, { signal }),
        service.hydrateFile('b', { signal }),
        service.exportCatalog('infra', [], signal),
        service.pullForeignCatalogs(['infra'], signal),
        service.fetchForeignContent('infra', 'x', signal),
      ]
      for (const one of all) await assert.rejects(one, { name: 'AbortError', code: 'ERR_RUNLET_ABORTED' })
      assert.deepEqual(await world.stored(), {})
      assert.equal(await service.commitPush(manifest), 1)
    })

    test('ends a pull that waits, and the next one brings the rest', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`large/${i}`, `${i}`.padEnd(9_000, '.')])))
      await a.service.pushChanged()
      const controller = new AbortController()
      const pulling = b.service.pullChanged({ signal: controller.signal })
      setTimeout(() => controller.abort(), 20)
      await pulling.catch(error => assert.equal(error.name, 'AbortError'))
      await b.service.pullChanged()
      assert.deepEqual(await b.files(), await a.files())
    })
  })
}
