// Readers that are slower than a sweep: what they refer to is gone, and they go on with the newest head.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MissingObjectError } from '../../lib/errors.ts'
import { contents, text, World } from '../support/world.ts'

const ROWS = 3000
const nameOf = (i: number): string => `row/${String(i).padStart(5, '0')}`

/** A namespace of several shards, and somebody who has just begun to list it. */
async function listerAtWork(world: World) {
  const [writer, reader] = [world.client(), world.client()]
  const namespace = await writer.store.namespace('p', { create: true })
  await namespace.commit(tx => {
    for (let i = 0; i < ROWS; i++) tx.put(nameOf(i), 'old')
  })
  const entries = (await reader.store.namespace('p')).list()[Symbol.asyncIterator]()
  const first = await entries.next()
  assert.equal(first.value.path, nameOf(0))
  return { namespace, entries }
}

function sweepIndex(world: World, keep: ReadonlySet<string> = new Set()): void {
  for (const key of world.keys()) if (key.includes('/_/index/') && !keep.has(key)) world.bucket.objects.delete(key)
}

describe('a listing whose shards were swept', () => {
  test('goes on with the newest head, and names every path once', async () => {
    const world = new World()
    await world.run(async () => {
      const { namespace, entries } = await listerAtWork(world)
      const before = new Set(world.keys())
      await namespace.commit(tx => {
        for (let i = 0; i < ROWS; i += 2) tx.put(nameOf(i), 'new')
        tx.put('zzz', 'added')
      })
      await namespace.compact()
      sweepIndex(world, new Set(world.keys().filter(key => !before.has(key))))
      const paths = [nameOf(0)]
      for (let next = await entries.next(); !next.done; next = await entries.next()) paths.push(next.value.path)
      assert.deepEqual(paths, [...Array.from({ length: ROWS }, (_, i) => nameOf(i)), 'zzz'])
    })
  })

  test('fails when there is no newer head: then something was lost', async () => {
    const world = new World()
    await world.run(async () => {
      const { entries } = await listerAtWork(world)
      sweepIndex(world)
      await assert.rejects(async () => {
        for (let next = await entries.next(); !next.done; ) next = await entries.next()
      }, MissingObjectError)
    })
  })
})

/**
 * Two values, and a reader: when it asks for an object of that kind for the first time, both have just been written anew (or deleted), the
 * index compacted, and what they were before swept.
 */
async function overtakenReader(world: World, kind: 'index' | 'values', newer: string | undefined) {
  const LARGE = 5000
  const writer = await world.client().store.namespace('p', { create: true })
  const write = (value: string | undefined) =>
    writer.commit(tx => {
      for (const path of ['a', 'b']) value === undefined ? tx.delete(path) : tx.put(path, value.repeat(LARGE))
      for (let i = 0; i < 40; i++) tx.put(nameOf(i), value ?? 'x'.repeat(300))
    })
  await write('old')
  await writer.compact()
  let waits = true
  const { store, requests } = world.client({
    weather: async ({ operation, key, phase }) => {
      if (waits && operation === 'get' && phase === 'before' && key.includes(`/_/${kind}/`)) {
        waits = false
        const before = world.keys().filter(object => /_[/](index|values|packs)[/]/.test(object))
        await write(newer)
        await writer.compact()
        for (const object of before) world.bucket.objects.delete(object)
      }
      return 'pass' as const
    },
  })
  const reader = await store.namespace('p')
  return { reader, requests, expected: newer?.repeat(LARGE), met: () => !waits }
}

describe('a reader whose objects were swept between the head and their turn', () => {
  const reads: Record<string, (world: World, newer: string | undefined) => Promise<void>> = {
    get: async (world, newer) => {
      const { reader, expected, met } = await overtakenReader(world, 'values', newer)
      assert.equal(text(await reader.get('a')), expected ?? '(absent)')
      assert.ok(met())
    },
    stream: async (world, newer) => {
      const { reader, expected, met } = await overtakenReader(world, 'values', newer)
      const stream = await reader.stream('a')
      let read = stream ? '' : '(absent)'
      for await (const chunk of stream ?? []) read += Buffer.from(chunk)
      assert.equal(read, expected ?? '(absent)')
      assert.ok(met())
    },
    stat: async (world, newer) => {
      const { reader, expected, met } = await overtakenReader(world, 'index', newer)
      assert.equal((await reader.stat('a'))?.size, expected?.length)
      assert.ok(met())
    },
    list: async (world, newer) => {
      const { reader, expected, met } = await overtakenReader(world, 'index', newer)
      const sizes: Record<string, number> = {}
      for await (const { path, size } of reader.list()) if (path.length === 1) sizes[path] = size
      assert.deepEqual(sizes, expected === undefined ? {} : { a: expected.length, b: expected.length })
      assert.ok(met())
    },
  }
  for (const [name, read] of Object.entries(reads)) {
    test(`goes on with the newer head: ${name} of what was replaced`, async () => {
      const world = new World()
      await world.run(() => read(world, 'new'))
    })
    test(`goes on with the newer head: ${name} of what was deleted`, async () => {
      const world = new World()
      await world.run(() => read(world, undefined))
    })
  }

  test('is told what is lost when there is no newer head', async () => {
    const world = new World()
    await world.run(async () => {
      const writer = await world.client().store.namespace('p', { create: true })
      await writer.put('a', 'x'.repeat(5000))
      for (const key of world.keys()) if (key.includes('/_/values/')) world.bucket.objects.delete(key)
      const reader = await world.client().store.namespace('p')
      await assert.rejects(reader.get('a'), MissingObjectError)
      await assert.rejects(reader.stream('a'), MissingObjectError)
      await assert.rejects(contents(reader), MissingObjectError)
    })
  })
})
