// What swamp's core relies on in a sync service, sentence by sentence. Runs on any store.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { InvalidArgumentError, InvalidPathError } from '../../../../lib/errors.ts'
import type { PushManifest } from '../../../../lib/integrations/swamp/sync/contract.ts'
import { SyncConflictError } from '../../../../lib/integrations/swamp/sync/errors.ts'
import { startOf } from '../../../../lib/integrations/swamp/sync/process-start.ts'
import { aWorld, CONTROL_PLANE, type Harness, type World } from './world.ts'

const VM = { modelType: 'aws/ec2', modelId: 'i-1' }
const DB = { modelType: 'aws/rds', modelId: 'd-1' }
const throughJson = (manifest: PushManifest): PushManifest => JSON.parse(JSON.stringify(manifest))

export function describeSyncService(store: string, makeHarness: () => Promise<Harness>): void {
  let harness: Harness
  const worlds: World[] = []
  before(async () => {
    harness = await makeHarness()
  })
  after(async () => {
    for (const world of worlds) await world.close()
    await harness.close()
  })
  const fresh = async () => {
    const world = await aWorld(harness)
    worlds.push(world)
    return world
  }

  describe(`on ${store}, a sync service`, () => {
    test('says what it can', async () => {
      const { service } = await (await fresh()).process()
      const all = {
        scopedSync: true,
        namespacedSync: true,
        twoPhaseSync: true,
        lazyHydration: true,
        controlPlane: true,
      }
      assert.deepEqual(service.capabilities(), all)
      assert.equal(service.controlPlaneStore(), CONTROL_PLANE)
    })

    test('brings what others pushed, and tells how many files moved', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      assert.equal(await a.service.pullChanged(), 0)
      await a.edit({ 'data/x/1/raw': '1', 'outputs/o.yaml': 'o', large: 'x'.repeat(100_000) })
      assert.equal(await a.service.pushChanged(), 3)
      assert.equal(await a.service.pushChanged(), 0)
      assert.equal(await b.service.pullChanged(), 3)
      assert.deepEqual(await b.files(), await a.files())
      await a.edit({ 'data/x/1/raw': '2', large: null })
      assert.equal(await a.service.pushChanged(), 2)
      assert.equal(await b.service.pullChanged(), 2)
      assert.equal(await b.service.pullChanged(), 0)
      assert.deepEqual(await b.files(), { 'data/x/1/raw': '2', 'outputs/o.yaml': 'o' })
    })

    test('never synchronises what is this machine’s, or an index’s or a lock’s, in either direction', async () => {
      const world = await fresh()
      const OWN = [
        '.datastore-index.json',
        '.push-queue.json',
        '.datastore.lock',
        '.datastore-sync-state.json',
        '_index/_meta.json',
        '_control/heartbeats/1',
        'data/a/b/.lock',
        '.namespace.json',
        'data/_catalog.db',
        'data/_catalog.db-wal',
        '_catalog.db-shm',
      ]
      const theirs = await world.namespace()
      await theirs.commit(tx => {
        for (const path of [...OWN, '.runlet/copy/state.json', 'x/.runlet/y']) tx.put(path, 'theirs')
        tx.put('data/a/b/c', 'synchronised')
      })
      const a = await world.process()
      assert.equal(await a.service.pullChanged(), 1)
      assert.deepEqual(await a.files(), { 'data/a/b/c': 'synchronised' })
      const mine = Object.fromEntries(OWN.map(path => [path, 'mine']))
      await a.edit({ ...mine, 'data/a/b/d': 'mine', 'data/_index/e': 'mine' })
      assert.equal(await a.service.pushChanged(), 2)
      await a.service.markDirty()
      assert.equal(await a.service.pushChanged(), 0)
      assert.equal((await world.stored())['_index/_meta.json'], 'theirs')
      assert.deepEqual(await a.files(), {
        ...mine,
        'data/a/b/c': 'synchronised',
        'data/a/b/d': 'mine',
        'data/_index/e': 'mine',
      })
    })
  })

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

  describe(`on ${store}, a scoped sync`, () => {
    const ALL = {
      'data/aws/ec2/i-1/d/1/raw': '1',
      'data/aws/ec2/i-10/d/1/raw': '10',
      'outputs/aws/ec2/i-1/o.yaml': 'o',
      'definitions-evaluated/aws/ec2/i-1/x.yaml': 'e',
      'definitions-evaluated/aws/ec2/i-1.yaml': 'e',
      'data/aws/rds/d-1/d/1/raw': '2',
      'workflow-runs/w/1.yaml': 'w',
    }

    test('pulls what belongs to the models, and nothing else', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(ALL)
      await a.service.pushChanged()
      const context = { models: [VM] }
      assert.equal(await b.service.pullChanged({ context }), 4)
      const {
        'data/aws/ec2/i-10/d/1/raw': _,
        'data/aws/rds/d-1/d/1/raw': __,
        'workflow-runs/w/1.yaml': ___,
        ...own
      } = ALL
      assert.deepEqual(await b.files(), own)
      await a.edit({ 'data/aws/ec2/i-1/d/2/raw': 'new', 'data/aws/rds/d-1/d/2/raw': 'new' })
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ context }), 1)
      assert.equal(await b.service.pullChanged({ context: { models: [VM, DB] } }), 2)
      assert.equal(await b.service.pullChanged(), 2)
      assert.deepEqual(await b.files(), await a.files())
    })

    test('can be pushed from, without anything being deleted or pulled', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(ALL)
      await a.service.pushChanged()
      await b.service.pullChanged({ context: { models: [DB] } })
      await b.edit({ 'data/aws/rds/d-1/d/2/raw': 'new', 'workflow-runs/w/2.yaml': 'w' })
      assert.equal(await b.service.pushChanged({ context: { models: [DB] } }), 2)
      const added = { 'data/aws/rds/d-1/d/2/raw': 'new', 'workflow-runs/w/2.yaml': 'w' }
      assert.deepEqual(await world.stored(), { ...ALL, ...added })
      assert.deepEqual(await b.files(), { 'data/aws/rds/d-1/d/1/raw': '2', ...added })
    })

    test('leaves what another model’s command has marked to that', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.service.pushChanged()
      for (const model of [VM, DB]) await a.service.pullChanged({ context: { models: [model] } })
      await a.edit({ 'data/aws/ec2/i-1/d/1/half': '1', 'data/aws/rds/d-1/d/1/raw': '2', 'logs/l': 'l' })
      await a.edit({ 'outputs/aws/rds/create/o.yaml': 'o', 'data/nobody/n-1/is-at-work-here': '1' })
      assert.equal(await a.service.pushChanged({ context: { models: [DB] } }), 4)
      await a.write({ 'data/aws/ec2/i-1/d/1/half': 'whole' })
      assert.equal(await a.service.pushChanged({ context: { models: [VM] } }), 1)
      assert.equal((await world.stored())['data/aws/ec2/i-1/d/1/half'], 'whole')
    })

    test('refuses models that lead elsewhere', async () => {
      const { service } = await (await fresh()).process()
      const context = { models: [{ modelType: '..', modelId: 'x' }] }
      await assert.rejects(service.pullChanged({ context }), InvalidPathError)
    })
  })

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

  describe(`on ${store}, what both sides changed`, () => {
    test('is an error that names the files and the remedy, at a push and at a pull, until it is settled', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ f: 'base', g: 'base' })
      await a.service.pushChanged()
      await b.service.pullChanged()
      await b.edit({ f: 'theirs' })
      await b.service.pushChanged()
      await a.edit({ f: 'mine' })
      for (const work of [
        () => a.service.pushChanged(),
        () => a.service.pullChanged(),
        () => a.service.pullChanged(),
      ]) {
        const conflict = await work().catch(error => error)
        assert.ok(conflict instanceof SyncConflictError, String(conflict))
        assert.deepEqual(conflict.paths, ['f'])
        assert.match(conflict.message, /runlet pull --namespace swamp --dir .*--theirs/)
      }
      assert.deepEqual(
        [await a.files(), await world.stored()],
        [
          { f: 'mine', g: 'base' },
          { f: 'theirs', g: 'base' },
        ],
      )
      const copy = await (await world.namespace()).workingCopy(a.cachePath)
      await copy.settle('ours')
      await copy.dispose()
      assert.equal(await a.service.pushChanged(), 1)
      assert.equal(await b.service.pullChanged(), 1)
      assert.deepEqual(await b.files(), { f: 'mine', g: 'base' })
    })

    test('to the same is no conflict', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      for (const one of [a, b]) await one.edit({ same: 'bytes', gone: null })
      assert.equal(await a.service.pushChanged(), 1)
      assert.equal(await b.service.pushChanged(), 0)
      assert.equal(await b.service.pullChanged(), 0)
    })

    test('does not stand in the way of what is about other models', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await b.edit({ 'data/aws/ec2/i-1/f': 'theirs', 'data/aws/rds/d-1/f': 'theirs' })
      await b.service.pushChanged()
      await a.edit({ 'data/aws/ec2/i-1/f': 'mine' })
      await assert.rejects(a.service.pullChanged({ context: { models: [VM] } }), SyncConflictError)
      assert.equal(await a.service.pullChanged({ context: { models: [DB] } }), 1)
    })

    test('is the last one’s, where swamp makes it anew each time', async () => {
      const world = await fresh()
      const DERIVED = ['.catalog-export.json', 'definitions-evaluated/aws/ec2/web.yaml', 'workflows-evaluated/w.yaml']
      const by = (who: string) => Object.fromEntries(DERIVED.map(path => [path, who]))
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(by('a'))
      await a.service.pushChanged()
      await b.edit(by('b'))
      assert.equal(await b.service.pushChanged(), 3)
      await a.edit(by('a again'))
      assert.equal(await a.service.pullChanged(), 0)
      assert.equal(await a.service.pushChanged(), 3)
      assert.deepEqual(await world.stored(), by('a again'))
    })
  })

  describe(`on ${store}, lazy hydration`, () => {
    const DATA = {
      'data/aws/ec2/i-1/d/1/metadata.yaml': 'm',
      'data/aws/ec2/i-1/d/1/raw': 'content',
      'data/aws/ec2/i-1/d/latest': '1',
      'outputs/raw': 'no data',
    }
    const RAW = 'data/aws/ec2/i-1/d/1/raw'
    const { [RAW]: _, ...METADATA } = DATA

    async function aLazyCache() {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit(DATA)
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ metadataOnly: true }), 3)
      assert.deepEqual(await b.files(), METADATA)
      return { world, a, b }
    }

    test('leaves the content out, and no push takes it for deleted', async () => {
      const { world, b } = await aLazyCache()
      await b.service.markDirty()
      assert.equal(await b.service.pushChanged(), 0)
      for (const relPath of ['data', 'data/aws/ec2/i-1/d', RAW]) await b.service.markDirty({ relPath })
      assert.equal(await b.service.pushChanged(), 0)
      assert.equal(await (await world.process('b')).service.pushChanged(), 0)
      assert.deepEqual(await world.stored(), DATA)
    })

    test('fetches a single file, and says whether there is one', async () => {
      const { b } = await aLazyCache()
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal(await b.service.hydrateFile('data/aws/ec2/i-1/d/9/raw'), false)
      assert.equal(await b.service.hydrateFile('data/_catalog.db'), false)
      assert.deepEqual(await b.files(), DATA)
      await assert.rejects(b.service.hydrateFile('../x'), InvalidPathError)
    })

    test('fetches by many at once, each of whom finds the file whole', async () => {
      const { b } = await aLazyCache()
      const fetched = await Promise.all([1, 2, 3, 4].map(() => b.service.hydrateFile(RAW)))
      assert.deepEqual(fetched, [true, true, true, true])
      assert.deepEqual(await b.files(), DATA)
    })

    test('does not overwrite what swamp has written there meanwhile', async () => {
      const { b } = await aLazyCache()
      await b.edit({ [RAW]: 'mine' })
      assert.equal(await b.service.hydrateFile(RAW), true)
      assert.equal((await b.files())[RAW], 'mine')
      assert.equal(await b.service.pushChanged(), 1)
    })

    test('ends with a pull of everything; one of a model brings that model’s', async () => {
      const { a, b } = await aLazyCache()
      await a.edit({ 'data/aws/rds/d-1/d/1/raw': 'other' })
      await a.service.pushChanged()
      assert.equal(await b.service.pullChanged({ metadataOnly: true }), 0)
      assert.equal(await b.service.pullChanged({ context: { models: [VM] } }), 1)
      assert.deepEqual(await b.files(), DATA)
      assert.equal(await b.service.pullChanged(), 1)
      assert.equal(await b.service.pullChanged(), 0)
    })

    test('deletes the content with its version', async () => {
      const { world, b } = await aLazyCache()
      await b.edit({ 'data/aws/ec2/i-1/d/1': null })
      assert.equal(await b.service.pushChanged(), 2)
      assert.deepEqual(Object.keys(await world.stored()).sort(), ['data/aws/ec2/i-1/d/latest', 'outputs/raw'])
    })
  })

  describe(`on ${store}, a namespace`, () => {
    test('is a folder of the cache, and one of its own in the store', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      const namespace = 'infra'
      await a.edit({ 'infra/data/x': '1', 'infra/data/y': '1', 'apps/data/x': 'apps' })
      assert.equal(await a.service.pushChanged({ namespace }), 2)
      assert.deepEqual(await world.stored('infra'), { 'data/x': '1', 'data/y': '1' })
      assert.equal(await b.service.pullChanged({ namespace }), 2)
      assert.deepEqual(await b.files(), { 'infra/data/x': '1', 'infra/data/y': '1' })
      assert.equal(await a.service.pushChanged({ namespace: 'apps' }), 1)
      assert.equal(await b.service.pullChanged({ namespace: 'apps' }), 1)
      await a.edit({ 'infra/data/x': null })
      assert.equal(await a.service.pushChanged({ namespace: 'apps' }), 0)
      assert.equal(await a.service.pushChanged({ namespace }), 1)
      assert.deepEqual(await world.stored('infra'), { 'data/y': '1' })
      assert.deepEqual(await world.stored('apps'), { 'data/x': 'apps' })
    })

    test('is not part of what swamp has without one', async () => {
      const world = await fresh()
      const a = await world.process()
      await a.edit({ 'infra/data/x': '1' })
      await a.service.pushChanged({ namespace: 'infra' })
      await a.edit({ 'data/x': 'without', 'infra/data/z': '1' })
      assert.equal(await a.service.pushChanged(), 1)
      await a.service.markDirty()
      assert.equal(await (await world.process()).service.pushChanged(), 0)
      assert.deepEqual(await world.stored(), { 'data/x': 'without' })
      assert.equal(await a.service.pullChanged(), 0)
    })

    test('goes with a scope, two phases, content that is left out, and paths that name it', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      const namespace = 'infra'
      await a.edit({ 'infra/data/aws/ec2/i-1/d/1/raw': 'r', 'infra/data/aws/ec2/i-1/d/1/metadata.yaml': 'm' })
      await a.service.markDirty({ namespace, relPath: 'workflow-runs/w' })
      await a.write({ 'infra/workflow-runs/w': 'w' })
      const manifest = await a.service.preparePush({ namespace, context: { models: [VM] } })
      assert.equal(await a.service.commitPush(manifest, { namespace }), 3)
      assert.equal(await b.service.pullChanged({ namespace, context: { models: [VM] }, metadataOnly: true }), 1)
      const relPath = 'infra/data/aws/ec2/i-1/d/1/raw'
      assert.equal(await (await world.process('b')).service.hydrateFile(relPath), true)
      assert.equal((await b.files())[relPath], 'r')
    })

    test('must be a name', async () => {
      const { service } = await (await fresh()).process()
      for (const namespace of ['../x', 'a/b', 'UPPER'])
        await assert.rejects(service.pullChanged({ namespace }), InvalidArgumentError)
      assert.equal(await service.pullChanged({ namespace: '' }), 0)
    })
  })

  describe(`on ${store}, catalogs`, () => {
    const ROWS = [{ namespace: 'infra', data_name: 'vm', size: 7 }]

    test('are exported, from what swamp has written or from rows, and pulled by other namespaces', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.service.exportCatalog('infra', ROWS)
      await a.service.exportCatalog('infra', ROWS)
      await a.write({ 'apps/.catalog-export.json': JSON.stringify([]) })
      await a.service.exportCatalog('apps')
      await a.service.exportCatalog('none')
      const broken = await world.namespace('broken')
      await broken.put('.catalog-export.json', '{ "no": "list" ')
      const catalogs = await b.service.pullForeignCatalogs(['infra', 'apps', 'none', 'broken', 'never-made'])
      assert.deepEqual(catalogs, [
        { namespace: 'infra', rows: ROWS },
        { namespace: 'apps', rows: [] },
      ])
      assert.deepEqual(await b.files(), {})
    })

    test('lead to content of other namespaces, which is not kept', async () => {
      const world = await fresh()
      const [a, b] = [await world.process('a'), await world.process('b')]
      await a.edit({ 'infra/data/x/raw': 'theirs' })
      await a.service.pushChanged({ namespace: 'infra' })
      const bytes = await b.service.fetchForeignContent('infra', 'data/x/raw')
      assert.equal(Buffer.from(bytes ?? []).toString(), 'theirs')
      assert.equal(await b.service.fetchForeignContent('infra', 'data/y/raw'), null)
      assert.equal(await b.service.fetchForeignContent('never-made', 'data/x/raw'), null)
      for (const path of ['../x', '/x', 'a/../../b'])
        await assert.rejects(b.service.fetchForeignContent('infra', path), InvalidPathError)
      assert.deepEqual(await b.files(), {})
    })
  })

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
      await (await import('node:fs/promises')).symlink('/etc/passwd', join(cachePath, 'link'))
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
