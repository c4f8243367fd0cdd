// What a pull or a push is killed in, the next one knows for its own work: nobody is in conflict with a dead process.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Namespace, Store } from '../../lib/runlet.ts'
import { MemoryBucket, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { fastClock } from '../support/fast-clock.ts'

const never = new Promise<never>(() => undefined)
/** A turn at a copy is over after 0.2 s. */
const clock = fastClock(100)

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
})
