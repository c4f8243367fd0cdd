// What a pull or a push is killed in, the next one knows for its own work: nobody is in conflict with a dead process.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { Change } from '../../lib/namespace/change.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { enqueue, isQueued } from '../../lib/namespace/queue.ts'
import { type Namespace, Store } from '../../lib/runlet.ts'
import { MemoryBucket, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { CopyState } from '../../lib/sync/copy-state.ts'
import { notePush } from '../../lib/sync/pushing.ts'
import type { Turn } from '../../lib/sync/turn.ts'
import { fastClock } from '../support/fast-clock.ts'
import { contents } from '../support/world.ts'

const never = new Promise<never>(() => undefined)
/** A turn at a copy is over after 1 s. */
const clock = fastClock(20)

/** A process that gets no answer any more, and does nothing, once `dies` says so of one of its requests. */
async function aProcess(bucket: MemoryBucket, dies: (request: MemoryRequest) => boolean = () => false) {
  let dead = false
  const live = async () => {
    if (dead) await never
  }
  const schedule = async (request: MemoryRequest) => {
    dead ||= dies(request)
    await live()
    return 'pass' as const
  }
  const ambient = {
    ...clock,
    sleep: (...[ms, options]: Parameters<typeof clock.sleep>) => clock.sleep(ms, options).then(live),
  }
  const store = new Store(new MemoryStore({ bucket, schedule, ambient }), ambient, 'somebody')
  return store.namespace('p', { create: true })
}

async function inFolder(work: (directory: string, file: (name: string) => string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'runlet-unfinished-'))
  try {
    await work(directory, name => join(directory, name))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function holds(file: string, text: string): Promise<void> {
  while ((await readFile(file, 'utf8')) !== text) await sleep(5)
}

const large = (version: string): string => version.repeat(6_000)

/** A copy with two files of version 1, and a namespace with version 2. */
async function aCopyBehind(namespace: Namespace, directory: string): Promise<void> {
  const fill = (version: string) =>
    namespace.commit(tx => {
      tx.put('small', version)
      tx.put('large', large(version))
    })
  await fill('1')
  const copy = await namespace.workingCopy(directory)
  await copy.pull()
  await copy.dispose()
  await fill('2')
}

describe('a working copy whose process was killed', () => {
  test('in a pull takes what that one brought for no edit', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      const dying = await aProcess(bucket, ({ operation, key }) => operation === 'get' && key.includes('/values/'))
      void (await dying.workingCopy(directory)).pull()
      await holds(file('small'), '2')
      await namespace.put('small', '3')
      const copy = await namespace.workingCopy(directory)
      assert.deepEqual((await copy.pull()).conflicts, [])
      assert.equal(await readFile(file('small'), 'utf8'), '3')
      assert.equal(await readFile(file('large'), 'utf8'), large('2'))
    }))

  test('in a pull brings back what the namespace has back', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      const dying = await aProcess(bucket, ({ operation, key }) => operation === 'get' && key.includes('/values/'))
      void (await dying.workingCopy(directory)).pull()
      await holds(file('small'), '2')
      await namespace.put('small', '1')
      const copy = await namespace.workingCopy(directory)
      assert.deepEqual((await copy.pull()).conflicts, [])
      assert.equal(await readFile(file('small'), 'utf8'), '1')
    }))

  test('in a push pushes what was edited since on top of what that one had pushed', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      let pushing = false
      const dying = await aProcess(
        bucket,
        ({ operation, key, phase }) => pushing && operation === 'put' && key.endsWith('/head') && phase === 'after',
      )
      const doomed = await dying.workingCopy(directory)
      await doomed.pull()
      await writeFile(file('small'), 'pushed')
      pushing = true
      void doomed.push()
      while (Buffer.from((await namespace.get('small')) ?? '').toString() !== 'pushed') await sleep(5)
      await writeFile(file('small'), 'edited')
      const copy = await namespace.workingCopy(directory)
      assert.equal((await copy.push()).put, 1)
      assert.equal(Buffer.from((await namespace.get('small')) ?? '').toString(), 'edited')
      assert.deepEqual((await copy.status()).conflicts, [])
    }))

  test('before its push was committed pushes it', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      let died = false
      const dying = await aProcess(bucket, ({ operation, key, phase }) => {
        died = operation === 'put' && key.endsWith('/head') && phase === 'before'
        return died
      })
      const doomed = await dying.workingCopy(directory)
      await doomed.pull()
      await writeFile(file('small'), 'edited')
      void doomed.push()
      while (!died) await sleep(5)
      const copy = await namespace.workingCopy(directory)
      assert.deepEqual((await copy.status()).modified, ['small'])
      assert.equal((await copy.push()).put, 1)
      assert.equal(Buffer.from((await namespace.get('small')) ?? '').toString(), 'edited')
    }))

  test('while its push waited in the queue can take back what was pushed', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      const copy = await namespace.workingCopy(directory)
      const { seq } = await copy.pull()
      await leavePush(bucket, directory, { path: 'new', seq })
      await copy.push()
      const run = await namespace.fork('r')
      await run.put('other', '1')
      await run.fold() // commits all that waits
      await copy.pull()
      assert.deepEqual(await contents(namespace), { small: '2', large: large('2'), other: '1' })
      await assert.rejects(readFile(file('new')), { code: 'ENOENT' })
    }))

  test('while its push waited in the queue learns that it was refused', () =>
    inFolder(async (directory, file) => {
      const bucket = new MemoryBucket()
      const namespace = await aProcess(bucket)
      await aCopyBehind(namespace, directory)
      const copy = await namespace.workingCopy(directory)
      const { seq } = await copy.pull()
      await writeFile(file('small'), 'mine')
      const change = await leavePush(bucket, directory, { path: 'small', seq })
      await namespace.put('small', 'theirs')
      assert.deepEqual((await copy.pull()).conflicts, ['small'])
      assert.equal(await isQueued(anInside(bucket), change), false)
      assert.equal(await readFile(file('small'), 'utf8'), 'mine')
      assert.equal((await contents(namespace)).small, 'theirs')
    }))
})

const anInside = (bucket: MemoryBucket) =>
  openNamespace(new MemoryStore({ bucket, ambient: clock }), parseNamespaceName('p'), clock)

/** What a push of one file leaves that dies while it waits for who leads; resolves to its commit's id. */
async function leavePush(bucket: MemoryBucket, directory: string, push: { path: string; seq: number }) {
  const namespace = anInside(bucket)
  const content = await namespace.values.write(namespace.name, 'mine')
  const about = { id: 'aaaaaaaa1', at: 0, author: 'somebody' }
  const rows = [{ path: parsePath(push.path), seq: 0, at: 0, author: 'somebody', ...content }]
  const change: Change = { ...about, since: push.seq, sinceFork: undefined, sets: [{ rows }], rules: [], suffix: 'x' }
  await notePush({ state: new CopyState(directory, clock) } as Turn, { commit: change.id, since: push.seq, rows })
  await enqueue(namespace, change)
  return change.id
}
