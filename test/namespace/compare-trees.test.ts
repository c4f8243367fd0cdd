// What is read to tell two states of a namespace apart: nodes that only one of them has, and of the older one no more than is asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MissingObjectError } from '../../lib/errors.ts'
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import { compareTrees, type PlacedFile, type Wanted } from '../../lib/namespace/compare-trees.ts'
import type { IndexRef } from '../../lib/namespace/head.ts'
import type { IndexStore } from '../../lib/namespace/index-store.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { World } from '../support/world.ts'

const NAME = parseNamespaceName('p')

/** Twenty rows, two a shard: ten shards, in nodes of at most four references. */
const ROWS = Array.from({ length: 20 }, (_, i) => {
  const path = parsePath(`a/${String(i).padStart(2, '0')}`)
  return { path, seq: 1, in: NAME, at: 0, author: 'a', size: 0, sha256: '0'.repeat(64), value: '' }
})

interface Trees {
  readonly older: IndexRef[]
  readonly newer: IndexRef[]
  /** Compares them as a process does that has read nothing yet; `read` are the files that it fetched. */
  compare(wanted?: Wanted): Promise<Awaited<ReturnType<typeof compareTrees>> & { read: string[] }>
  /** Compares other references than theirs. */
  compareWith(older: IndexRef[], newer: IndexRef[], wanted?: Wanted): ReturnType<typeof compareTrees>
  /** What of the older tree stands right in its layer is deleted. */
  deleteOlder(): void
}

/** Two trees of the same rows that share nothing. */
async function withTrees(look: (trees: Trees) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(async () => {
    const open = (): IndexStore => {
      const { objects, ambient } = world.client()
      return openNamespace(objects, NAME, ambient, { maxRows: 2, maxBytes: 100_000, maxRefs: 4 }).index
    }
    const [older, newer] = [await open().write(NAME, ROWS, 1), await open().write(NAME, ROWS, 1)]
    await look({
      older,
      newer,
      deleteOlder: () => {
        for (const { id } of older) world.bucket.objects.delete(`ns/p/_/index/${id}`)
      },
      compareWith: (a, b, wanted) => compareTrees(open(), placed(a), placed(b), wanted),
      async compare(wanted) {
        const index = open()
        const load = index.load.bind(index)
        const read: string[] = []
        index.load = (ref, referrer) => {
          read.push(ref.id)
          return load(ref, referrer)
        }
        return { ...(await compareTrees(index, placed(older), placed(newer), wanted)), read }
      },
    })
  })
}

const placed = (files: IndexRef[]) => [{ layer: { from: 1, to: 1, files }, namespace: NAME }]
const shards = (files: readonly PlacedFile[]) => files.filter(({ ref }) => ref.level === 0)

test('all nodes that only one side has are opened, and no shard', () =>
  withTrees(async ({ compare }) => {
    const { onlyOlder, onlyNewer, read } = await compare()
    assert.deepEqual([shards(onlyOlder).length, shards(onlyNewer).length], [10, 10])
    const nodes = [...onlyOlder, ...onlyNewer].filter(({ ref }) => ref.level > 0)
    assert.deepEqual(read.sort(), nodes.map(({ ref }) => ref.id).sort())
    assert.equal(nodes.length, 2 * (1 + 3))
  }))

test('nothing of the older side is opened for the sake of a newer one that nobody wants', () =>
  withTrees(async ({ compare }) => {
    const { onlyNewer, read } = await compare({ newer: () => false, newerAlone: true })
    assert.deepEqual([onlyNewer, read], [[], []])
  }))

test('what the newer side has of a taller tree is found in it', () =>
  withTrees(async ({ older, compareWith }) => {
    const { onlyOlder } = await compareWith(older, [])
    const nodes = onlyOlder.filter(({ ref }) => ref.level === 1).map(({ ref }) => ref)
    assert.equal(nodes.length, 3)
    assert.deepEqual((await compareWith(older, nodes, { newerAlone: true })).onlyNewer, [])
  }))

test('of either side only what is wanted is opened', () =>
  withTrees(async ({ older, newer, compare }) => {
    const [old, now] = [older[0] as IndexRef, newer[0] as IndexRef]
    const { read } = await compare({ older: ({ ref }) => ref.id === old.id, newer: ({ ref }) => ref.id === now.id })
    assert.deepEqual(read.sort(), [old.id, now.id].sort())
  }))

test('a node of the older side that is gone fails the comparison', () =>
  withTrees(async ({ compare, deleteOlder }) => {
    deleteOlder()
    await assert.rejects(compare(), MissingObjectError)
  }))

test('but counts as empty where that side may be long past', () =>
  withTrees(async ({ compare, deleteOlder }) => {
    deleteOlder()
    const { onlyNewer } = await compare({ olderMayBeGone: true })
    assert.equal(shards(onlyNewer).length, 10)
  }))
