// Readers that are slower than a sweep: what they refer to is gone, and they go on with the newest head.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MissingObjectError } from '../../lib/errors.ts'
import { World } from '../support/world.ts'

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
