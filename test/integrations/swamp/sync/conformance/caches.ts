// The cache is a working copy like any other.
import assert from 'node:assert/strict'
import { rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { World } from '../world.ts'

export function describeCaches(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, a cache`, () => {
    test('that was removed is filled again, and deletes nothing', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.edit({ a: '1', 'b/c': '2' })
      await a.service.pushChanged()
      await rm(a.cachePath, { recursive: true })
      const again = await world.process()
      await again.edit({ d: '3' })
      assert.equal(await again.service.pushChanged(), 1)
      assert.equal(await again.service.pullChanged(), 2)
      assert.deepEqual(await world.stored(), { a: '1', 'b/c': '2', d: '3' })
      assert.deepEqual(await again.files(), await world.stored())
    })

    test('with a link in it is refused with its name', async () => {
      const { service, cachePath, write } = await (await fresh()).process()
      await write({ a: '1' })
      await symlink('/etc/passwd', join(cachePath, 'link'))
      await assert.rejects(service.pushChanged(), /"link" is a symbolic link/)
    })

    test('shared by two processes is used by one after the other', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('a')]
      await a.edit({ 'x/1': '1' })
      await b.edit({ 'y/1': '1' })
      const pushed = await Promise.all([a.service.pushChanged(), b.service.pushChanged()])
      assert.equal(pushed[0] + pushed[1], 2)
      assert.deepEqual(await world.stored(), { 'x/1': '1', 'y/1': '1' })
    })
  })
}
