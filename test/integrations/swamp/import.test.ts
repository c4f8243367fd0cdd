// Importing a swamp datastore: what of it becomes rows, again and again, beside writers on both sides.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  NoDatastoreError,
  SwampConflictError,
  SwampProblemsError,
} from '../../../lib/integrations/swamp/import/problems.ts'
import { isVerified } from '../../../lib/integrations/swamp/import/verify.ts'
import type { Fate } from '../../../lib/store/memory/memory-store.ts'
import type { IndexShape } from '../../support/swamp-datastore.ts'
import { inSwampWorld, type SwampWorld } from './import-world.ts'

const FILES: Record<string, string> = {
  'data/vm/web/1/raw': 'one',
  'data/vm/web/2/raw': 'two'.repeat(3_000),
  'data/vm/web/latest': '2',
  'definitions/vm.yaml': '',
  'workflows/ä ö/run+1 %.yaml': 'run',
}

const SHAPES: { index: IndexShape; namespace?: string; hashes?: boolean }[] = [
  { index: 'one file' },
  { index: 'one file', hashes: false },
  { index: 'one file', namespace: 'team' },
  { index: 'sharded' },
  { index: 'sharded', namespace: 'team' },
  { index: 'none' },
  { index: 'none', namespace: 'team' },
]

const lastLog = async (world: SwampWorld) => {
  for await (const commit of (await world.namespace()).log()) return commit
  return undefined
}

describe('an import', () => {
  for (const shape of SHAPES) {
    const { index, namespace, hashes = true } = shape
    const named = `${namespace === undefined ? '' : ' of a namespace'}${hashes ? '' : ' without hashes'}`
    test(`with the index ${index}${named} has every file, copies none, and verifies`, () =>
      inSwampWorld(shape, async world => {
        await world.swamp.push(FILES)
        await world.swamp.raw('.datastore.lock', '{}')
        await world.swamp.raw('_control/runs/1', '{}')
        const { put, files, bytes, copied, seq, index: read, from } = await world.import()
        assert.deepEqual([put, files, copied.files, seq, read], [5, 5, 0, 1, index])
        assert.equal(
          bytes,
          Object.values(FILES).reduce((sum, value) => sum + value.length, 0),
        )
        assert.equal(from, 'memory:')
        assert.deepEqual(await world.contents(), FILES)
        assert.ok(world.world.keys().every(key => !key.includes('/_/values/')))
        const entry = await (await world.namespace()).stat('data/vm/web/1/raw')
        assert.equal(entry?.author, 'swamp')
        assert.equal(entry?.sha256 === undefined, index === 'none' || !hashes)
        assert.ok(isVerified(await world.verify()))
        assert.match((await lastLog(world))?.message ?? '', /import of memory:/)
      }))
  }

  test('again changes nothing, and writes nothing', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.import()
      const before = world.world.keys()
      const { put, deleted, seq } = await world.import()
      assert.deepEqual([put, deleted, seq], [0, 0, undefined])
      assert.deepEqual(world.world.keys(), before)
    }))

  for (const shape of SHAPES) {
    test(`again with the index ${shape.index}${shape.namespace ? ' of a namespace' : ''}${shape.hashes === false ? ' without hashes' : ''} takes over what changed alone, in one commit`, () =>
      inSwampWorld(shape, async world => {
        await world.swamp.push(FILES)
        await world.import()
        const changes = { 'data/vm/web/3/raw': 'three', 'data/vm/web/latest': '3', 'data/vm/web/1/raw': undefined }
        await world.swamp.push(changes)
        const { put, deleted, seq } = await world.import()
        assert.deepEqual([put, deleted, seq], [2, 1, 2])
        const { 'data/vm/web/1/raw': _, ...rest } = FILES
        assert.deepEqual(await world.contents(), { ...rest, 'data/vm/web/3/raw': 'three', 'data/vm/web/latest': '3' })
        assert.ok(isVerified(await world.verify()))
      }))
  }

  test('leaves alone what runlet wrote, changed and deleted, where swamp did nothing', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.import()
      const namespace = await world.namespace()
      await namespace.put('own', 'of runlet')
      await namespace.put('data/vm/web/latest', 'ours')
      await namespace.delete('definitions/vm.yaml')
      await world.swamp.push({ 'data/vm/web/3/raw': 'three' })
      assert.equal((await world.import()).put, 1)
      const { 'definitions/vm.yaml': _, ...rest } = FILES
      const expected = { ...rest, own: 'of runlet', 'data/vm/web/latest': 'ours', 'data/vm/web/3/raw': 'three' }
      assert.deepEqual(await world.contents(), expected)
      assert.equal((await world.import()).seq, undefined)
    }))

  test('names what both sides changed, writes nothing then, and does as it is told', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push({ ...FILES, a: '1', b: '1', c: '1', d: '1' })
      await world.import()
      const namespace = await world.namespace()
      for (const path of ['a', 'b', 'e']) await namespace.put(path, 'runlet')
      await namespace.delete('c')
      await namespace.put('d', 'same')
      await world.swamp.push({ a: '2', b: undefined, c: '2', d: 'same', e: '2', f: '2' })
      const before = await world.contents()
      await assert.rejects(world.import(), error => {
        assert.ok(error instanceof SwampConflictError)
        assert.equal(error.code, 'ERR_RUNLET_SWAMP_CONFLICT')
        assert.deepEqual(error.paths, ['a', 'b', 'c', 'e'])
        assert.match(error.message, /--on-conflict ours/)
        return true
      })
      assert.deepEqual(await world.contents(), before)
      assert.equal((await world.import({ onConflict: { a: 'theirs', b: 'theirs', '**': 'ours' } })).settled, 4)
      const { a, b, c, d, e, f } = await world.contents()
      assert.deepEqual([a, b, c, d, e, f], ['2', undefined, undefined, 'same', 'runlet', '2'])
      assert.equal((await world.import()).seq, undefined)
      await world.swamp.push({ c: '3' })
      await assert.rejects(world.import(), SwampConflictError)
    }))

  for (const shape of SHAPES.filter(({ index, hashes }) => index !== 'none' && hashes !== false)) {
    const named = shape.namespace === undefined ? '' : ' of a namespace'
    test(`beside a push that is under way, with the index ${shape.index}${named}, takes what lies there, and leaves what is being deleted`, () =>
      inSwampWorld(shape, async world => {
        await world.swamp.push(FILES)
        await world.import()
        await world.client.ambient.sleep(5_000)
        await world.swamp.hold()
        await world.swamp.upload({
          'data/vm/web/latest': '33',
          'data/vm/web/3/raw': 'new',
          'definitions/vm.yaml': undefined,
        })
        const { underWay, notIndexed, put } = await world.import()
        assert.deepEqual([underWay, notIndexed, put], [1, 1, 1])
        assert.equal((await (await world.namespace()).get('data/vm/web/latest'))?.length, 2)
        await world.swamp.publish()
        await world.swamp.letGo()
        const after = await world.import()
        assert.deepEqual([after.underWay, after.put, after.deleted], [0, 2, 1])
        assert.deepEqual(await world.contents(), { ...(await world.contents()), 'data/vm/web/3/raw': 'new' })
        assert.ok(isVerified(await world.verify()))
      }))
  }

  test('beside a lock that nobody renews any more tells of the damage that is there', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.swamp.hold(20_000)
      await world.swamp.upload({ 'definitions/vm.yaml': undefined })
      await world.client.ambient.sleep(15_000)
      assert.equal((await world.import({ dryRun: true })).underWay, 1)
      await world.client.ambient.sleep(10_000)
      const damaged = (error: unknown) =>
        error instanceof SwampProblemsError && error.problems[0]?.kind === 'missing-object'
      await assert.rejects(world.import(), damaged)
      await world.swamp.push({ 'definitions/vm.yaml': '' })
      await world.import()
      await world.swamp.upload({ 'definitions/vm.yaml': undefined })
      await assert.rejects(world.verify(), damaged)
    }))

  test('of all of a datastore leaves the locks of its namespaces, also where swamp took them for files', () =>
    inSwampWorld({ index: 'none' }, async world => {
      await world.swamp.push(FILES)
      await world.swamp.raw('.locks/team.lock', '{}')
      await world.import()
      assert.deepEqual(await world.contents(), FILES)
      world.swamp.entries.set('.locks/gone.lock', { key: '.locks/gone.lock', size: 2, lastModified: '' })
      const entries = Object.fromEntries(world.swamp.entries)
      await world.swamp.raw('.datastore-index.json', JSON.stringify({ version: 1, entries }))
      const { put, notIndexed } = await world.import()
      assert.deepEqual([put, notIndexed], [5, 0])
    }))

  test('goes on beside writers of the namespace, who lose nothing', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`data/${i}/raw`, `${i}`])))
      const namespace = await world.aClient().store.namespace('p', { create: true })
      let done = false
      const writer = (async () => {
        for (let i = 0; !done; i++) {
          await namespace.put(`own/${i}`, `${i}`)
          await world.client.ambient.sleep(5)
        }
      })()
      const importer = world.import()
      await importer
      done = true
      await writer
      await namespace.idle()
      const now = await world.contents()
      assert.equal(Object.keys(now).filter(path => path.startsWith('data/')).length, 60)
      assert.ok(Object.keys(now).filter(path => path.startsWith('own/')).length > 3)
    }))

  test('tells of a write to one of its paths that came in between as a conflict', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push({ a: '1', b: '1' })
      await world.import()
      await world.swamp.push({ a: '2', b: '2' })
      const other = await world.namespace()
      let written = false
      const importer = world.aClient(async ({ phase, operation, key }): Promise<Fate> => {
        if (phase === 'after' && operation === 'put' && key.startsWith('ns/p/_/index/') && !written) {
          written = true
          await other.put('a', 'runlet')
        }
        return 'pass'
      })
      await assert.rejects(world.import({}, importer), SwampConflictError)
      assert.deepEqual(await world.contents().catch(error => error.code), 'ERR_RUNLET_EXTERNAL_CHANGED')
      await world.import({ onConflict: 'ours' })
      assert.deepEqual(await world.contents(), { a: 'runlet', b: '2' })
    }))

  test('with copy has values of its own, also of what was imported before', () =>
    inSwampWorld({ hashes: false }, async world => {
      await world.swamp.push(FILES)
      await world.import()
      assert.equal((await world.import({ copy: true })).copied.files, 5)
      await world.swamp.push(Object.fromEntries(Object.keys(FILES).map(path => [path, undefined])))
      assert.deepEqual(await world.contents(), FILES)
      assert.equal((await world.import({ copy: true })).deleted, 5)
      assert.deepEqual(await world.contents(), {})
    }))

  test('with a rule leaves superseded versions out, and takes away those that were imported', () =>
    inSwampWorld({}, async world => {
      const retention = [{ path: 'data/{type}/{name}/{version}/**', keep: { newest: 1, by: 'version' } }]
      await world.swamp.push(FILES)
      const { leftOut, put } = await world.import({ retention })
      assert.deepEqual([leftOut, put], [1, 4])
      await world.swamp.push({ 'data/vm/web/3/raw': 'three' })
      const next = await world.import({ retention })
      assert.deepEqual([next.leftOut, next.put, next.deleted], [2, 1, 1])
      const now = Object.keys(await world.contents()).filter(path => path.endsWith('/raw'))
      assert.deepEqual(now, ['data/vm/web/3/raw'])
      assert.equal((await world.import()).put, 2)
    }))

  test('that is tried only changes nothing, and tells what it would do', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      const before = world.world.keys()
      const { put, dryRun, seq } = await world.import({ dryRun: true })
      assert.deepEqual([put, dryRun, seq], [5, true, undefined])
      assert.deepEqual(world.world.keys(), before)
    }))

  test('tells how far it is, in amounts that grow to the whole', () =>
    inSwampWorld({}, async world => {
      const count = 2_100
      await world.swamp.push(Object.fromEntries(Array.from({ length: count }, (_, i) => [`data/${i}`, `${i}`])))
      const told: Record<string, number[]> = { index: [], list: [], import: [] }
      await world.import({ onProgress: (step, done) => told[step]?.push(done) })
      for (const [step, amounts] of Object.entries(told))
        assert.ok(
          amounts.length > 0 && amounts.every((done, i) => i === 0 || done > (amounts[i - 1] ?? done)),
          `${step}: ${amounts.slice(0, 5)}`,
        )
      const indexBytes = world.world.bucket.objects.get(world.swamp.keyOf('.datastore-index.json'))?.body.length
      assert.deepEqual(told.index?.at(-1), indexBytes)
      assert.ok((told.list?.at(-1) ?? 0) >= count)
      assert.deepEqual(told.import, [1_000, 2_000, count])
    }))

  test('finds a row that refers to a version that was replaced by the same bytes', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.import()
      await world.client.ambient.sleep(5_000)
      await world.swamp.push({ 'data/vm/web/1/raw': 'one' })
      assert.equal((await world.verify()).different.count, 1)
      await assert.rejects(world.contents(), { code: 'ERR_RUNLET_EXTERNAL_CHANGED' })
      await world.import()
      assert.deepEqual(await world.contents(), FILES)
    }))
})

describe('what is no datastore, or a bad one,', () => {
  test('is refused: nothing there, an unknown version, not JSON, several namespaces', () =>
    inSwampWorld({ index: 'none' }, async world => {
      await assert.rejects(world.import(), NoDatastoreError)
      await world.swamp.raw('team/.namespace.json', '{}')
      await world.swamp.raw('team/data/a', '1')
      await assert.rejects(world.import(), /the namespaces team/)
      const bad: [name: string, body: string, code: string][] = [
        ['.datastore-index.json', '{"version":2,"entries":{}}', 'ERR_RUNLET_NO_SWAMP_DATASTORE'],
        ['.datastore-index.json', '{"entries":{}}', 'ERR_RUNLET_NO_SWAMP_DATASTORE'],
        ['.datastore-index.json', '{"version":1,"entries":{"a":{"key', 'ERR_RUNLET_CORRUPT_OBJECT'],
        ['.datastore-index.json', '', 'ERR_RUNLET_NO_SWAMP_DATASTORE'],
        ['.datastore-index.json', 'no json', 'ERR_RUNLET_CORRUPT_OBJECT'],
        ['_index/_meta.json', '{"version":3,"partitions":[]}', 'ERR_RUNLET_NO_SWAMP_DATASTORE'],
        ['_index/_meta.json', '{"version":2}', 'ERR_RUNLET_CORRUPT_OBJECT'],
        ['_index/_meta.json', '{"version":2,"partitions":["gone"]}', 'ERR_RUNLET_CORRUPT_OBJECT'],
      ]
      for (const [name, body, code] of bad) {
        await world.swamp.raw(name, body)
        await assert.rejects(world.import(), { code }, `${name} ${body}`)
        await world.swamp.removeRaw(name)
      }
      assert.deepEqual(world.world.keys('ns/'), [])
    }))

  test('is told of whole, with counts and remedies, and nothing is written; what is sound comes with --skip-invalid', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      const { swamp } = world
      await world.client.ambient.sleep(10_000)
      const about = { size: 1, lastModified: new Date(0).toISOString() }
      for (const path of ['../out', 'a//b', '_catalog.db-wal', 'x/.lock', '_index/a.json', 'gone/1', 'gone/2'])
        swamp.entries.set(path, { key: path, ...about })
      swamp.entries.set('bad', { key: 'bad', size: -1, lastModified: '' })
      swamp.entries.set('definitions/vm.yaml', { key: 'definitions/vm.yaml', ...about })
      await swamp.publish()
      await assert.rejects(world.import(), error => {
        assert.ok(error instanceof SwampProblemsError)
        assert.equal(error.code, 'ERR_RUNLET_SWAMP_PROBLEMS')
        const told = Object.fromEntries(error.problems.map(({ kind, count }) => [kind, count]))
        const expected = {
          'invalid-path': 2,
          'never-synced': 3,
          'malformed-entry': 1,
          'other-size': 1,
          'missing-object': 2,
        }
        assert.deepEqual(told, expected)
        assert.match(error.message, /9 entries.*--skip-invalid/)
        return true
      })
      assert.deepEqual(world.world.keys('ns/'), [])
      const { skipped, put } = await world.import({ skipInvalid: true })
      assert.deepEqual([skipped.length, put], [5, 4])
      const { 'definitions/vm.yaml': _, ...rest } = FILES
      assert.deepEqual(await world.contents(), rest)
    }))

  test('that a writer was just repairing is looked at twice', () =>
    inSwampWorld({}, async world => {
      await world.swamp.push(FILES)
      await world.client.ambient.sleep(10_000)
      let reads = 0
      world.swamp.entries.set('late', { key: 'late', size: 4, lastModified: '' })
      await world.swamp.publish()
      const importer = world.aClient(async ({ phase, operation, key }): Promise<Fate> => {
        if (phase === 'before' && operation === 'get' && key.endsWith('.datastore-index.json') && ++reads === 2)
          await world.swamp.push({ late: 'late' })
        return 'pass'
      })
      assert.equal((await world.import({}, importer)).put, 6)
    }))
})
