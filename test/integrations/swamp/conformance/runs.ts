// A pipeline run: every swamp command in it works in the run's child namespace, and no other.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DatastoreProvider, SyncService } from '../../../../lib/integrations/swamp/contract.ts'
import type { Namespace } from '../../../../lib/runlet.ts'
import { bytes, range, type Sentence, text, type World } from './world.ts'

interface Machine {
  readonly sync: SyncService
  readonly provider: DatastoreProvider
  write(relPath: string, content: string): Promise<void>
  read(relPath: string): Promise<string>
}

/** A swamp command with a cache of its own. */
function machine({ provider, folder }: World, name: string, config?: Record<string, unknown>): Machine {
  const cache = join(folder, 'caches', name)
  const own = provider(config)
  const sync = own.createSyncService(folder, cache)
  return {
    sync,
    provider: own,
    async write(relPath, content) {
      await sync.markDirty({ relPath })
      await mkdir(dirname(join(cache, relPath)), { recursive: true })
      await writeFile(join(cache, relPath), content)
    },
    read: relPath => readFile(join(cache, relPath), 'utf8'),
  }
}

async function contentsOf(namespace: Namespace): Promise<Record<string, string | null>> {
  const all: Record<string, string | null> = {}
  for await (const { path } of namespace.list()) all[path] = text(await namespace.get(path))
  return all
}

const FILE = 'data/acme/h-1/state/1/raw'

export const runSentences: readonly Sentence[] = [
  {
    says: 'the first use makes the namespace, and what one pushes others pull',
    async holds(world) {
      const [one, other] = [machine(world, 'one'), machine(world, 'other')]
      await one.write(FILE, 'state')
      assert.equal(await one.sync.pushChanged(), 1)
      assert.equal(await other.sync.pullChanged(), 1)
      assert.equal(await other.read(FILE), 'state')
      assert.equal(await other.sync.pullChanged(), 0)
      assert.equal(await other.sync.pushChanged(), 0)
    },
  },
  {
    says: 'with RUNLET_NAMESPACE commands see and change the run alone, until it is folded',
    async holds(world) {
      const before = machine(world, 'before')
      await before.write(FILE, 'parent')
      await before.sync.pushChanged()
      const store = await world.open()
      const run = await (await store.namespace('swamp')).fork('build-1')
      Object.assign(process.env, {
        RUNLET_STORE: store.url,
        RUNLET_NAMESPACE: run.name,
        RUNLET_OWNER_TOKEN: String(run.token),
      })
      const [first, second] = [machine(world, 'first'), machine(world, 'second')]
      await first.sync.pullChanged()
      assert.equal(await first.read(FILE), 'parent')
      await first.write(FILE, 'run')
      await first.sync.pushChanged()
      await second.sync.pullChanged()
      assert.equal(await second.read(FILE), 'run')
      assert.equal(await before.sync.pullChanged(), 0)
      await run.fold()
      await before.sync.pullChanged()
      assert.equal(await before.read(FILE), 'run')
      await first.write(FILE, 'late')
      await assert.rejects(first.sync.pushChanged(), { code: /^ERR_RUNLET_(NAMESPACE_SEALED|RUN_NOT_FOUND)$/ })
    },
  },
  {
    says: 'with `run` the first of several commands forks it, and all work in it',
    async holds(world) {
      const commands = range(4).map(i => machine(world, `c${i}`, { run: 'build-2' }))
      await Promise.all(
        commands.map(async (command, i) => {
          await command.write(`outputs/${i}`, String(i))
          assert.equal(await command.sync.pushChanged(), 1)
        }),
      )
      const store = await world.open()
      const parent = await store.namespace('swamp')
      assert.deepEqual(await contentsOf(parent), {})
      assert.deepEqual(
        (await parent.runs()).map(({ id }) => id),
        ['build-2'],
      )
      await (await parent.resume('build-2')).fold()
      assert.deepEqual(await contentsOf(parent), {
        'outputs/0': '0',
        'outputs/1': '1',
        'outputs/2': '2',
        'outputs/3': '3',
      })
    },
  },
  {
    says: 'locks and the control plane of a run are its own',
    async holds(world) {
      const [parent, one, other] = [
        machine(world, 'p'),
        machine(world, 'r', { run: 'r' }),
        machine(world, 's', { run: 's' }),
      ]
      const locks = [parent, one, other].map(({ provider }) => provider.createLock(world.folder, { maxWaitMs: 0 }))
      for (const lock of locks) await lock.acquire()
      await assert.rejects(
        machine(world, 'r2', { run: 'r' }).provider.createLock(world.folder, { maxWaitMs: 0 }).acquire(),
        world.LockTimeoutError,
      )
      for (const lock of locks) await lock.release()
      await one.sync.controlPlaneStore().put('a', bytes('run'))
      assert.equal(await parent.sync.controlPlaneStore().get('a'), null)
      assert.equal(await other.sync.controlPlaneStore().get('a'), null)
    },
  },
  {
    says: 'a swamp namespace has its own namespace in the store and its own control plane, and runs of its own',
    async holds(world) {
      const infra = machine(world, 'infra')
      await infra.write(`infra/${FILE}`, 'infra')
      assert.equal(await infra.sync.pushChanged({ namespace: 'infra' }), 1)
      const store = await world.open()
      const namespace = await store.namespace('swamp/infra')
      assert.deepEqual(Object.keys(await contentsOf(namespace)), [FILE])
      const root = machine(world, 'root').sync.controlPlaneStore()
      await infra.sync.controlPlaneStore().put('a', bytes('of infra'))
      assert.equal(await root.get('a'), null)
      const run = await namespace.fork('build-3')
      Object.assign(process.env, { RUNLET_STORE: store.url, RUNLET_NAMESPACE: run.name })
      const inRun = machine(world, 'in-run')
      await inRun.sync.pullChanged({ namespace: 'infra' })
      await inRun.write(`infra/${FILE}`, 'run')
      await inRun.sync.pushChanged({ namespace: 'infra' })
      assert.deepEqual(await contentsOf(namespace), { [FILE]: 'infra' })
      assert.deepEqual(await contentsOf(run), { [FILE]: 'run' })
    },
  },
  {
    says: 'what a run would not isolate is refused',
    async holds(world) {
      const store = await world.open()
      const parent = await store.namespace('swamp', { create: true })
      await parent.fork('build-4')
      process.env.RUNLET_NAMESPACE = 'swamp/build-4'
      const command = machine(world, 'c')
      await command.write(`infra/${FILE}`, 'not isolated')
      for (const push of [command.sync.pushChanged, command.sync.preparePush])
        await assert.rejects(push({ namespace: 'infra' }), { code: 'ERR_RUNLET_CONFIG', message: /swamp\/infra/ })
      await assert.rejects(store.namespace('swamp/infra'), { name: 'NamespaceNotFoundError' })
      process.env.RUNLET_NAMESPACE = ''
      await assert.rejects(machine(world, 'e', { run: 'build-5' }).sync.pushChanged({ namespace: 'infra' }), {
        code: 'ERR_RUNLET_CONFIG',
        message: /run: infra\/ID/,
      })
      const right = machine(world, 'f', { run: 'infra/build-5' })
      await right.write(`infra/${FILE}`, 'isolated')
      await store.namespace('swamp/infra', { create: true })
      assert.equal(await right.sync.pushChanged({ namespace: 'infra' }), 1)
      assert.deepEqual(await contentsOf(await store.namespace('swamp/infra/build-5')), { [FILE]: 'isolated' })
      process.env.RUNLET_NAMESPACE = 'swamp/build-4'
      assert.throws(() => world.provider({ parent: 'another' }), {
        code: 'ERR_RUNLET_CONFIG',
        message: /RUNLET_NAMESPACE/,
      })
      process.env.RUNLET_STORE = `file:${world.folder}/another`
      await assert.rejects(machine(world, 'd').sync.pullChanged(), {
        code: 'ERR_RUNLET_CONFIG',
        message: /RUNLET_STORE/,
      })
    },
  },
  {
    says: 'of a namespace that it is no run of a run can read, but takes no lock, registers nothing and writes no record',
    async holds(world) {
      const outside = machine(world, 'outside')
      await outside.write(`infra/${FILE}`, 'infra')
      await outside.sync.pushChanged({ namespace: 'infra' })
      const records = outside.sync.controlPlaneStore()
      await records.put('there', bytes('1'))
      const LOCK = { maxWaitMs: 0, namespace: 'infra' }
      const held = outside.provider.createLock(world.folder, LOCK)
      await held.acquire()
      const store = await world.open()
      await (await store.namespace('swamp', { create: true })).fork('build-6')
      process.env.RUNLET_NAMESPACE = 'swamp/build-6'
      const { sync, provider, read } = machine(world, 'c')
      assert.equal(await sync.pullChanged({ namespace: 'infra' }), 1)
      assert.equal(await read(`infra/${FILE}`), 'infra')
      const nonce = (await provider.createLock(world.folder, LOCK).inspect())?.nonce ?? ''
      const inRun = sync.controlPlaneStore()
      assert.equal(text(await inRun.get('there')), '1')
      const refused = { code: 'ERR_RUNLET_CONFIG', message: /no run of "swamp\/infra"/ }
      const model = { lockKey: `infra/data/acme/h-1/.lock`, maxWaitMs: 0 }
      for (const lock of [LOCK, { lockKey: '.locks/infra.lock' }, model])
        await assert.rejects(provider.createLock(world.folder, lock).acquire(), refused)
      await assert.rejects(provider.createLock(world.folder, LOCK).forceRelease(nonce), refused)
      await assert.rejects(provider.registerNamespace(world.folder, 'apps', 'repo'), { code: 'ERR_RUNLET_CONFIG' })
      await assert.rejects(inRun.put('a', bytes('1')), refused)
      await assert.rejects(inRun.putIfAbsent('a', bytes('1')), refused)
      await assert.rejects(inRun.delete('there'), refused)
      process.env.RUNLET_NAMESPACE = ''
      assert.equal((await held.inspect())?.nonce, nonce)
      await held.release()
      assert.deepEqual(await records.list(''), ['there'])
      assert.deepEqual(await outside.provider.listNamespaces(world.folder), [])
      await assert.rejects(store.namespace('swamp/apps'), { name: 'NamespaceNotFoundError' })
    },
  },
  {
    says: 'a run that does not exist is not made by a mistyped name',
    async holds(world) {
      process.env.RUNLET_NAMESPACE = 'swamp/mistyped'
      const command = machine(world, 'c')
      await assert.rejects(command.sync.pullChanged(), { name: 'NamespaceNotFoundError' })
      await command.write(FILE, '1')
      await assert.rejects(command.sync.pushChanged(), { name: 'NamespaceNotFoundError' })
      const lock = command.provider.createLock(world.folder, { maxWaitMs: 0 })
      await assert.rejects(lock.acquire(), { name: 'NamespaceNotFoundError' })
      const records = command.sync.controlPlaneStore()
      await assert.rejects(records.put('a', bytes('1')), { name: 'NamespaceNotFoundError' })
      process.env.RUNLET_NAMESPACE = ''
      const run = await (await (await world.open()).namespace('swamp', { create: true })).fork('mistyped')
      process.env.RUNLET_NAMESPACE = run.name
      await lock.acquire()
      await lock.release()
      assert.deepEqual(await records.list(''), [])
    },
  },
]
