// Lists of what a sweep may delete, and histories that tell which runs have ended, as whoever may write a run can forge them. A sweep has
// the rights of the parent's writer: what lies outside the run it must not delete on the run's word (G9).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, contents, World } from '../support/world.ts'
import { edit, overwrite } from './support.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const large = (version: string) => version.repeat(10_000)

interface Place {
  readonly world: World
  readonly writer: Client
  readonly parent: Namespace
}

/** A parent with a value of its own, an index and a history in objects, and a run `r` that is old enough for its objects to be swept. */
async function withAnOldRun(program: (place: Place) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    await Promise.all(Array.from({ length: 60 }, (_, i) => parent.put(`packed/${i}`, `${i}`.repeat(1_000))))
    await parent.put('a', large('a'))
    await parent.compact()
    for (let i = 0; i < 70; i++) await parent.put('counter', String(i))
    const other = await writer.store.namespace('secret', { create: true })
    await other.put('s', large('s'))
    const run = await parent.fork('r', { ttlMs: DAY })
    await run.put('x', 'of the run')
    await parent.idle()
    await writer.ambient.sleep(DAY + HOUR)
    await program({ world, writer, parent })
  })
}

const plant = (world: World, list: object) =>
  overwrite(world, 'ns/p/r/_/garbage/abcdefgh-list~1~10000~ripe', JSON.stringify({ format: 1, seq: 0, ...list }))

/** A key of this namespace as an item of a list. */
function itemOf(world: World, namespace: string, kind: string): object {
  const prefix = `ns/${namespace}/_/${kind}/`
  const [key = assert.fail(`no ${kind}`)] = world.keys(prefix)
  return { kind, in: namespace, id: key.slice(prefix.length), bytes: 1 }
}

describe('a list of a run', () => {
  for (const [whose, kind] of [
    ['p', 'values'],
    ['p', 'index'],
    ['p', 'packs'],
    ['p', 'history'],
    ['secret', 'values'],
  ] as const) {
    test(`that names ${kind} of "${whose}" has a sweep delete nothing of them, and is told of once`, () =>
      withAnOldRun(async ({ world, writer }) => {
        const keys = [...world.keys('ns/p/_/'), ...world.keys('ns/secret/')]
        await plant(world, { items: [itemOf(world, whose, kind)] })
        for (const options of [{ namespace: 'p', dryRun: true }, { namespace: 'p' }]) {
          const { problems } = await writer.store.sweep(options)
          assert.deepEqual(
            problems.map(({ what, code }) => [what, code]),
            [['ns/p/r/_/garbage/abcdefgh-list~1~10000~ripe', 'ERR_RUNLET_CORRUPT_OBJECT']],
          )
        }
        const left = world.keys()
        assert.deepEqual(
          keys.filter(key => !left.includes(key)),
          [],
        )
        assert.deepEqual((await writer.store.sweep()).problems, [])
      }))
  }

  test('that names an object of its own has that deleted: its writer could have done so', () =>
    withAnOldRun(async ({ world, writer }) => {
      await writer.objects.put('ns/p/r/_/values/abcdefgh-orphan', Buffer.from('x'))
      const item = { kind: 'values', in: 'p/r', id: 'abcdefgh-orphan', bytes: 1 }
      await plant(world, { items: [item] })
      const { removed, problems } = await writer.store.sweep()
      assert.deepEqual([removed.byKind.values, problems], [{ objects: 1, bytes: 1 }, []])
    }))
})

describe('a run that claims the end of another', () => {
  /** A sibling that was folded a moment ago: what its parent adopted of it lies in its folder. */
  async function foldedSibling(parent: Namespace): Promise<void> {
    const sibling = await parent.fork('x')
    for (let i = 0; i < 40; i++) await sibling.put(`of-x/${i}`, large(`${i}`).slice(0, 10_000))
    await sibling.fold()
  }

  test('in a list has a sweep empty nothing', () =>
    withAnOldRun(async ({ world, writer, parent }) => {
      await foldedSibling(parent)
      const [before, keys] = [await contents(parent), world.keys('ns/p/x/')]
      await plant(world, { items: [], ended: ['p/x', 'p', 'secret', 'p/r'] })
      const { problems } = await writer.store.sweep()
      assert.match(problems[0]?.message ?? '', /names 4 that lie outside "p\/r", which were left alone/)
      assert.deepEqual(world.keys('ns/p/x/'), keys)
      assert.deepEqual(await contents(await world.client().store.namespace('p')), before)
    }))

  test('in its history has no sweep empty anything', () =>
    withAnOldRun(async ({ world, writer, parent }) => {
      await foldedSibling(parent)
      const [before, keys] = [await contents(parent), world.keys('ns/p/x/')]
      await edit(world, 'ns/p/r/_/head', head => {
        const [commit] = head.commits as Record<string, unknown>[]
        assert.ok(commit)
        commit.origin = { run: 'p/x', fork: 'abcdefgh-fork', seq: 1 }
      })
      await writer.store.sweep({ namespace: 'p/r' })
      assert.deepEqual(
        world.keys('ns/p/r/_/garbage/').filter(key => world.peek(key).ended?.length > 0),
        [],
      )
      await writer.ambient.sleep(2 * HOUR)
      await writer.store.sweep({ namespace: 'p/r' })
      assert.deepEqual(world.keys('ns/p/x/'), keys)
      assert.deepEqual(await contents(await world.client().store.namespace('p')), before)
    }))
})
