// What swamp says it is about to write is what the next push looks at.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { InvalidPathError } from '../../../../../lib/errors.ts'
import { startOf } from '../../../../../lib/integrations/swamp/sync/process-start.ts'
import type { World } from '../world.ts'

export function describeMarks(store: string, fresh: () => Promise<World>): void {
  describe(`on ${store}, markDirty`, () => {
    test('is called before the write, names a file or a folder, and what is gone by the push is a deletion', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.edit({ 'd/1': '1', 'd/2': '2', 'e/1': '1' })
      assert.equal(await a.service.pushChanged(), 3)
      for (const relPath of ['d', 'e/1', 'nowhere/to/be/seen']) await a.service.markDirty({ relPath })
      await a.write({ 'd/1': null, 'd/3': '3', e: null })
      assert.equal(await a.service.pushChanged(), 3)
      assert.deepEqual(await world.stored(), { 'd/2': '2', 'd/3': '3' })
      await a.service.markDirty({ relPath: 'd' })
      await a.write({ d: null })
      assert.equal(await a.service.pushChanged(), 2)
      assert.deepEqual(await world.stored(), {})
    })

    test('limits the push to what was marked, and without a path says that anything may have changed', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.service.pushChanged()
      await a.edit({ marked: '1' })
      await a.write({ not: '1' })
      assert.equal(await a.service.pushChanged(), 1)
      await a.service.markDirty({ relPath: 'also-marked' })
      await a.service.markDirty()
      assert.equal(await a.service.pushChanged(), 1)
      assert.deepEqual(Object.keys(await world.stored()).sort(), ['marked', 'not'])
    })

    test('outlives a crash: its marks are all that the next process looks at', async () => {
      const world = await fresh()
      const first = await world.process()
      await first.service.pushChanged()
      await first.edit({ marked: '1' })
      await first.write({ not: '1' })
      const second = await world.process()
      await second.edit({ 'marked-later': '1' })
      assert.equal(await second.service.pushChanged(), 2)
      assert.deepEqual(Object.keys(await world.stored()).sort(), ['marked', 'marked-later'])
    })

    test('that was never called before a restart: the next push looks at everything', async () => {
      const world = await fresh()
      const first = await world.process()
      await first.edit({ a: '1' })
      await first.service.pushChanged()
      await first.write({ b: '1', a: null })
      const second = await world.process()
      assert.equal(await second.service.pushChanged(), 2)
      assert.deepEqual(await world.stored(), { b: '1' })
      await (await world.process()).write({ c: '1' })
      assert.equal(await second.service.pushChanged(), 0)
      assert.equal(await (await world.process()).service.pushChanged(), 1)
    })

    test('does not hide what was there before the first push', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.write({ 'migrated/1': '1', 'migrated/2': '2' })
      await a.edit({ marked: '1' })
      assert.equal(await a.service.pushChanged(), 3)
    })

    test('of a path whose write is still to come when others push keeps it marked', async () => {
      const a = await (await fresh()).process()
      await a.service.pushChanged()
      await a.service.markDirty({ relPath: 'slow' })
      await a.edit({ quick: '1' })
      assert.equal(await a.service.pushChanged(), 1)
      await a.write({ slow: '1' })
      assert.equal(await a.service.pushChanged(), 1)
    })

    test('during a push is not lost with the marks that the push has done with', async () => {
      const a = await (await fresh()).process()
      await a.service.pushChanged()
      await a.edit({ 'd/1': '1' })
      const manifest = await a.service.preparePush()
      await a.service.markDirty({ relPath: 'd/1' })
      assert.equal(await a.service.commitPush(manifest), 1)
      await a.write({ 'd/1': '2' })
      assert.equal(await a.service.pushChanged(), 1)
    })

    test('by a process that has died is taken over, by one at work is left to it', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.service.pushChanged()
      await a.write({ dead: '1', alive: '1' })
      const dead = spawnSync(process.execPath, ['-e', '']).pid
      const marks = join(a.cachePath, '.runlet', 'swamp', 'marks')
      await mkdir(marks, { recursive: true })
      const mark = (path: string, pid: number) => JSON.stringify({ path, pid, host: hostname() })
      await writeFile(join(marks, 'of-the-dead'), mark('dead', dead))
      await writeFile(join(marks, 'of-the-living'), mark('alive', process.ppid))
      await a.edit({ own: '1' })
      assert.equal(await a.service.pushChanged(), 2)
      assert.deepEqual(await readdir(marks), ['of-the-living'])
    })

    test('by a process that has died is taken over also when another has its id now', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.service.pushChanged()
      await a.write({ dead: '1', 'as/this': '1', alive: '1' })
      const marks = join(a.cachePath, '.runlet', 'swamp', 'marks')
      await mkdir(marks, { recursive: true })
      const mark = (id: string, about: object) =>
        writeFile(join(marks, id), JSON.stringify({ ...about, host: hostname() }))
      await mark('of-one-before', { path: 'dead', pid: process.ppid, start: 'long ago' })
      await mark('of-one-before-this', { path: 'as/this', pid: process.pid, start: 'long ago' })
      await mark('of-one-before-this-too', { path: 'never/written', pid: process.pid, start: 'long ago' })
      await mark('of-the-living', { path: 'alive', pid: process.ppid, start: await startOf(process.ppid) })
      assert.equal(await a.service.pushChanged(), 2)
      assert.deepEqual(await readdir(marks), ['of-the-living'])
    })

    test('refuses what leads outside, and takes the cache itself for everything', async () => {
      const a = await (await fresh()).process()
      await a.service.pushChanged()
      for (const relPath of ['../x', '/etc/passwd', 'a/../../x', '..', 'a\\b'])
        await assert.rejects(a.service.markDirty({ relPath }), InvalidPathError)
      await a.write({ 'a/1': '1', b: '1', c: '1' })
      for (const relPath of ['a/', './b']) await a.service.markDirty({ relPath })
      assert.equal(await a.service.pushChanged(), 2)
      await a.service.markDirty({ relPath: '' })
      assert.equal(await a.service.pushChanged(), 1)
    })
  })
}
