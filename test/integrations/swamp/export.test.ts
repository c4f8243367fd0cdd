// The way back: after an export, what reads a swamp datastore finds in it what the namespace has.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { type ExportOptions, exportToSwamp } from '../../../lib/integrations/swamp/export/export.ts'
import { SwampConflictError } from '../../../lib/integrations/swamp/import/problems.ts'
import { inSwampWorld, PREFIX, type SwampWorld } from './import-world.ts'

const FILES: Record<string, string> = {
  'data/vm/web/1/raw': 'one',
  'data/vm/web/2/raw': 'two'.repeat(3_000),
  'definitions/vm.yaml': '',
}

const run = (world: SwampWorld, options: Partial<ExportOptions> = {}, client = world.client) =>
  exportToSwamp(world.open(client), world.datastore(client), { author: 'exporter', ...options })

/** What swamp reads: the one-file index, and each object that it names. */
function asSwampReads({ world }: SwampWorld, root = PREFIX): Record<string, string> {
  const textOf = (key: string) =>
    Buffer.from(world.bucket.objects.get(key)?.body ?? assert.fail(`no ${key}`)).toString()
  const index = JSON.parse(textOf(`${root}.datastore-index.json`))
  assert.equal(index.version, 1)
  const entries = Object.entries<{ key: string; size: number; sha256?: string; lastModified: string }>(index.entries)
  return Object.fromEntries(
    entries.map(([path, { key, size, sha256, lastModified }]) => {
      const value = textOf(root + path)
      assert.equal(key, path)
      assert.equal(size, Buffer.byteLength(value))
      assert.ok(Number.isFinite(Date.parse(lastModified)))
      if (sha256 !== undefined) assert.equal(sha256, createHash('sha256').update(value).digest('hex'))
      return [path, value]
    }),
  )
}

describe('an export', () => {
  test('into an empty bucket has every file, and an index that says so; again it does nothing', () =>
    inSwampWorld({}, async world => {
      const namespace = await world.aClient().store.namespace('p', { create: true })
      for (const [path, value] of Object.entries(FILES)) await namespace.put(path, value)
      await namespace.put('.runlet/logs/a', 'not for swamp')
      const { put, wroteIndex, files, sentBytes } = await run(world)
      assert.deepEqual([put, wroteIndex, files, sentBytes], [3, true, 3, 9_003])
      assert.deepEqual(asSwampReads(world), FILES)
      const again = await run(world)
      assert.deepEqual([again.put, again.deleted, again.wroteIndex, again.sentBytes], [0, 0, false, 0])
    }))

  for (const index of ['one file', 'sharded', 'none'] as const) {
    test(`after an import from the index ${index} moves only what runlet changed, and leaves one index`, () =>
      inSwampWorld({ index }, async world => {
        await world.swamp.push(FILES)
        await world.import()
        const namespace = await world.namespace()
        await namespace.put('definitions/vm.yaml', 'changed')
        await namespace.put('data/vm/web/3/raw', 'three')
        await namespace.delete('data/vm/web/1/raw')
        const { put, deleted, sentBytes } = await run(world)
        assert.deepEqual([put, deleted, sentBytes], [2, 1, 12])
        const { 'data/vm/web/1/raw': _, ...rest } = FILES
        const expected = { ...rest, 'definitions/vm.yaml': 'changed', 'data/vm/web/3/raw': 'three' }
        assert.deepEqual(asSwampReads(world), expected)
        assert.deepEqual(world.world.keys(`${PREFIX}_index/`), [])
        assert.equal(world.world.bucket.objects.has(`${PREFIX}data/vm/web/1/raw`), false)
        assert.equal((await run(world)).wroteIndex, false)
        const { put: imported, deleted: gone } = await world.import()
        assert.deepEqual([imported, gone], [0, 0])
        await namespace.put('data/vm/web/3/raw', 'once more')
        assert.equal((await run(world)).put, 1)
        assert.deepEqual(await world.contents(), asSwampReads(world))
      }))
  }

  test('does not overwrite what swamp changed since the import, and names it; with force it does', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push({ ...FILES, gone: '1', both: '1' })
      await world.import()
      const namespace = await world.namespace()
      for (const path of ['data/vm/web/1/raw', 'gone', 'both']) await namespace.put(path, 'runlet')
      await world.swamp.push({ 'data/vm/web/1/raw': 'swamp', gone: undefined, both: 'runlet', alone: 'of swamp' })
      const before = asSwampReads(world)
      await assert.rejects(run(world), error => {
        assert.ok(error instanceof SwampConflictError)
        assert.deepEqual(error.paths, ['data/vm/web/1/raw', 'gone'])
        assert.match(error.message, /import first/i)
        return true
      })
      assert.deepEqual(asSwampReads(world), before)
      const { kept } = await run(world, { force: true })
      assert.equal(kept, 1)
      const expected = { ...FILES, 'data/vm/web/1/raw': 'runlet', gone: 'runlet', both: 'runlet', alone: 'of swamp' }
      assert.deepEqual(asSwampReads(world), expected)
    }))

  test('keeps superseded versions that a rule left out of the import', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      const retention = [{ path: 'data/{type}/{name}/{version}/**', keep: { newest: 1, by: 'version' } }]
      await world.import({ retention })
      await (await world.namespace()).put('new', '1')
      await run(world)
      assert.deepEqual(asSwampReads(world), { ...FILES, new: '1' })
    }))

  test('is refused while a swamp command holds a lock; tried only, it writes nothing', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.import()
      await (await world.namespace()).put('new', '1')
      const before = world.world.keys()
      const { put, dryRun } = await run(world, { dryRun: true })
      assert.deepEqual([put, dryRun], [1, true])
      assert.deepEqual(world.world.keys(), before)
      await world.swamp.hold()
      await assert.rejects(run(world), /a swamp command holds a lock/)
      await world.client.ambient.sleep(40_000)
      assert.equal((await run(world)).put, 1)
    }))

  test('of a namespace is refused while a swamp command holds the lock on that, not on another', () =>
    inSwampWorld({ namespace: 'team' }, async world => {
      await world.swamp.push(FILES)
      await world.import()
      await world.swamp.hold()
      await assert.rejects(run(world), /a swamp command holds a lock/)
      await world.swamp.letGo()
      await world.client.objects.put(`${PREFIX}.locks/other.lock`, Buffer.from('{}'))
      assert.equal((await run(world)).wroteIndex, false)
    }))

  test('that is cut off at any request leaves what swamp saw readable, and is completed by the next one', () =>
    inSwampWorld({ index: 'sharded' }, async world => {
      await world.swamp.push(FILES)
      await world.import()
      const namespace = await world.namespace()
      for (let cut = 0; ; cut++) {
        await namespace.put('definitions/vm.yaml', `edition ${cut}`)
        await namespace.put(`added/${cut}`, 'x'.repeat(cut * 500))
        let asked = 0
        const dying = world.aClient(() => (++asked > cut ? 'lose' : 'pass'))
        const ended = await run(world, {}, dying).then(
          () => 'done',
          () => 'cut off',
        )
        const index = world.world.bucket.objects.get(`${PREFIX}.datastore-index.json`)
        if (index)
          for (const [path] of Object.entries(JSON.parse(Buffer.from(index.body).toString()).entries))
            assert.ok(world.world.bucket.objects.has(PREFIX + path), `${path} at ${cut}`)
        await run(world)
        assert.deepEqual(asSwampReads(world), await world.contents())
        if (ended === 'done') return assert.ok(cut > 20)
        // The next round begins with the index in parts again, as an older swamp would leave it.
        if (cut % 3 === 0) await world.swamp.raw('_index/_meta.json', '{"version":1,"partitions":[]}')
      }
    }))
})
