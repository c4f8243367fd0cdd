// Pushing newer rows down into the bottom layer: nothing that a reader sees changes, only the shards that it is worth are written, and
// shards, nodes and packs stay within bounds however often it is done.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { NamespaceContext } from '../../lib/namespace/context.ts'
import type { IndexRef, Layer } from '../../lib/namespace/head.ts'
import { type IndexBounds, IndexStore } from '../../lib/namespace/index-store.ts'
import { scanNewest } from '../../lib/namespace/layers.ts'
import { type MergeOptions, merge, mergeLayers } from '../../lib/namespace/merge-layers.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { isFile, type Row, toStored } from '../../lib/namespace/row.ts'
import { sha256 } from '../../lib/namespace/values.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'

const namespace = parseNamespaceName('p')
const BOUNDS: IndexBounds = { maxRows: 10, maxBytes: 1_000_000, maxRefs: 4 }
/** Shards that are full of bytes before they are full of rows. */
const BYTES_FIRST: IndexBounds = { maxRows: 1000, maxBytes: 2000, maxRefs: 4 }
/** What a row of these tests is taken to fill of a shard's bytes. */
const ROW_BYTES = 206

function world(bounds = BOUNDS): { context: NamespaceContext; store: MemoryStore } {
  const ambient = new VirtualTime().ambient()
  const store = new MemoryStore({ ambient })
  return {
    store,
    context: { ...openNamespace(store, namespace, ambient), index: new IndexStore(store, ambient, bounds) },
  }
}

const nameOf = (i: number): string => String(i).padStart(5, '0')

/** A layer of one commit: what it put, by number; undefined for what it deleted. */
function layerOf(seq: number, changes: ReadonlyMap<number, string | undefined>): Layer {
  const rows = [...changes].map(([i, text]): Row => {
    const about = { path: parsePath(nameOf(i)), seq, in: namespace, at: seq, author: 'x' }
    if (text === undefined) return { ...about, deleted: true }
    const bytes = Buffer.from(text)
    return { ...about, size: bytes.length, sha256: sha256(bytes), value: bytes.toString('base64') }
  })
  rows.sort((a, b) => compareBytes(a.path, b.path))
  return { from: seq, to: seq, rows: rows.map(row => toStored(row, { seq, namespace })) }
}

const puts = (numbers: Iterable<number>, text: (i: number) => string = i => `v${i}`) =>
  new Map([...numbers].map(i => [i, text(i)]))
const range = (count: number, step = 1) => Array.from({ length: count }, (_, i) => i * step)

const bottomOf = (context: NamespaceContext, count: number, step = 10) =>
  mergeLayers(context, [layerOf(1, puts(range(count, step)))], { complete: true })

/** The files that a reader sees, with the commit of each. */
async function seen(context: NamespaceContext, layers: readonly Layer[]): Promise<string[]> {
  const lines: string[] = []
  for await (const row of scanNewest(
    context.index,
    layers.map(layer => ({ layer, namespace })),
    '',
  )) {
    if (isFile(row)) lines.push(`${row.path}@${row.seq} ${Buffer.from(await context.values.read(row)).toString()}`)
  }
  return lines
}

async function push(context: NamespaceContext, layers: readonly Layer[], options: Partial<MergeOptions> = {}) {
  return merge(context, layers, { complete: true, mayWait: true, ...options })
}

/** All shards of a layer, in order, with the depth at which they lie. */
async function shardsOf(
  context: NamespaceContext,
  refs: readonly IndexRef[],
  depth = 0,
): Promise<[IndexRef, number][]> {
  const found: [IndexRef, number][] = []
  for (const ref of refs) {
    if (ref.level === 0) found.push([ref, depth])
    const content = ref.level > 0 && (await context.index.load(ref, namespace))
    if (content && content.kind === 'refs') {
      assert.ok(content.refs.length <= BOUNDS.maxRefs)
      found.push(...(await shardsOf(context, content.refs, depth + 1)))
    }
  }
  return found
}

async function assertWellShaped(context: NamespaceContext, layer: Layer): Promise<void> {
  const shards = await shardsOf(context, layer.files ?? [])
  assert.ok((layer.files?.length ?? 0) <= context.index.maxTop)
  const { maxRows, maxBytes } = context.index.bounds
  for (const [ref] of shards) {
    assert.ok(ref.rows <= maxRows, `a shard of ${ref.rows} rows`)
    const content = await context.index.load(ref, namespace)
    const rows = content.kind === 'rows' ? content.rows : []
    const bytes = rows.reduce((sum, { value: _, ...row }) => sum + JSON.stringify(row).length, 0)
    assert.ok(bytes <= maxBytes, `a shard of ${bytes} bytes`)
  }
  assert.equal(new Set(shards.map(([, depth]) => depth)).size <= 1, true, 'shards lie at different depths')
  const rows = shards.reduce((sum, [ref]) => sum + ref.rows, 0)
  const most = Math.max(1, (rows * 4) / Math.min(maxRows, maxBytes / ROW_BYTES))
  assert.ok(shards.length <= most, `${shards.length} shards for ${rows} rows`)
}

describe('pushing down', () => {
  test('leaves the bottom and its commits as they were when all that came waits', async () => {
    const { context } = world({ ...BOUNDS, maxRows: 100 })
    const bottom = await bottomOf(context, 1000)
    const [below, above] = await push(context, [bottom, layerOf(2, puts([5])), layerOf(3, puts([7005]))])
    assert.deepEqual(below, bottom)
    assert.deepEqual([above?.from, above?.to], [2, 3])
  })

  test('rewrites only the shards for which enough has come; the other rows wait above', async () => {
    const { context } = world()
    const bottom = await bottomOf(context, 100)
    // Ten rows a shard: three rows are worth one of them, and one row none but that it lies in.
    const wide = { ...BOUNDS, maxRows: 100 }
    const { context: large } = world(wide)
    const base = await bottomOf(large, 1000)
    const upper = layerOf(2, puts([...range(30).map(i => 5001 + i), 11, 9991]))
    const layers = await push(large, [base, upper])
    assert.equal(layers.length, 2)
    assert.deepEqual(
      (await seen(large, [layers[1] as Layer])).map(line => line.slice(0, 5)),
      ['00011', '09991'],
    )
    assert.equal(layers[1]?.waiting, true)
    const stood = new Set((await shardsOf(large, base.files ?? [])).map(([{ id }]) => id))
    const shards = await shardsOf(
      large,
      layers.flatMap(({ files = [] }) => files),
    )
    assert.ok(
      shards.filter(([{ id }]) => !stood.has(id)).length <= 4,
      'more was written than one shard in two, and what waits',
    )
    assert.deepEqual(await seen(large, layers), await seen(large, [base, upper]))
    await assertWellShaped(context, bottom)
  })

  for (const [bound, bounds] of Object.entries({ rows: BOUNDS, bytes: BYTES_FIRST }))
    test(`changes nothing that a reader sees, and keeps shards and nodes in shape by ${bound}, whatever was written`, async () => {
      await changesNothing(bounds)
    })

  async function changesNothing(bounds: IndexBounds): Promise<void> {
    const change = fc.tuple(fc.nat({ max: 400 }), fc.option(fc.string({ maxLength: 4 }), { nil: undefined, freq: 2 }))
    const commit = fc.array(change, { minLength: 1, maxLength: 40 }).map(changes => new Map(changes))
    const program = fc.array(fc.array(commit, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(program, fc.nat({ max: 200 }), async (rounds, count) => {
        const { context } = world(bounds)
        let seq = 1
        let layers: Layer[] = count > 0 ? [await bottomOf(context, count, 2)] : []
        for (const commits of rounds) {
          layers.push(...commits.map(changes => layerOf(++seq, changes)))
          const before = await seen(context, layers)
          layers = await push(context, layers)
          assert.deepEqual(await seen(context, layers), before)
          await assertWellShaped(context, layers[0] as Layer)
        }
        const all = await mergeLayers(context, layers, { complete: true })
        assert.deepEqual(await seen(context, [all]), await seen(context, layers))
        await assertWellShaped(context, all)
      }),
      { numRuns: 40 },
    )
  }

  test('joins what deletions left small, and takes nodes away that are no longer needed', async () => {
    const { context } = world()
    const bottom = await bottomOf(context, 400)
    assert.ok((bottom.files?.[0]?.level ?? 0) >= 2)
    const gone = layerOf(
      2,
      new Map(
        range(400, 10)
          .filter(i => i % 200 !== 0)
          .map(i => [i, undefined]),
      ),
    )
    const layers = await push(context, [bottom, gone])
    assert.equal((await seen(context, layers)).length, 20)
    const shards = await shardsOf(context, layers[0]?.files ?? [])
    assert.ok(shards.length <= 8, `${shards.length} shards for 20 rows`)
  })

  test('of a commit’s shards takes them as they are into a layer of many commits', async () => {
    const { context, store } = world()
    const imported = await mergeLayers(context, [layerOf(1, puts(range(400)))], { complete: false })
    const standing = new Set((await shardsOf(context, imported.files ?? [])).map(([ref]) => ref.id))
    const layers = await push(context, [
      imported,
      layerOf(
        2,
        puts(range(10), () => 'new'),
      ),
    ])
    const kept = (await shardsOf(context, layers[0]?.files ?? [])).filter(([ref]) => standing.has(ref.id))
    assert.ok(kept.length >= standing.size - 2)
    const lines = await seen(context, layers)
    assert.equal(lines.filter(line => line.includes('@1 ')).length, 390)
    assert.equal(lines.filter(line => line.endsWith('@2 new')).length, 10)
    assert.ok(store)
  })

  test('keeps to its budget, and goes on where it stopped', async () => {
    const { context } = world()
    const bottom = await bottomOf(context, 400)
    const all = layerOf(
      2,
      puts(range(400, 10), () => 'new'),
    )
    const first = await push(context, [bottom, all], { maxRewritten: 50 })
    const standing = new Set((await shardsOf(context, first[0]?.files ?? [])).map(([{ id }]) => id))
    const opened = (await shardsOf(context, bottom.files ?? [])).filter(([{ id }]) => !standing.has(id))
    assert.ok(opened.length <= 6)
    const before = await seen(context, [bottom, all])
    assert.deepEqual(await seen(context, first), before)
    assert.equal(first[1]?.waiting, undefined, 'a compaction must not take it for settled')
    const second = await push(context, first)
    assert.deepEqual(await seen(context, second), before)
    assert.equal(second.length, 1)
  })
})

describe('packs', () => {
  const TEXT = 'x'.repeat(2000)

  test('are rewritten when most of what is in them was overwritten, so they never hold much more than what lives', async () => {
    const { context, store } = world({ maxRows: 1024, maxBytes: 1_000_000, maxRefs: 64 })
    const text = (round: number) => (i: number) => `${round} ${i} ${TEXT}`
    let layers: Layer[] = [await mergeLayers(context, [layerOf(1, puts(range(500), text(0)))], { complete: true })]
    for (let round = 1; round <= 12; round++) {
      // A third of all rows, other ones each time.
      const some = range(500).filter(i => i % 3 === round % 3)
      const before = [...layers, layerOf(round + 1, puts(some, text(round)))]
      const expected = await seen(context, before)
      layers = await push(context, before)
      assert.deepEqual(await seen(context, layers), expected)
    }
    const inUse = new Set<string>()
    let alive = 0
    for await (const row of scanNewest(
      context.index,
      layers.map(layer => ({ layer, namespace })),
      '',
    )) {
      if (row.pack) inUse.add(row.pack[0])
      alive += row.size ?? 0
    }
    let bytes = 0
    for (const id of inUse) {
      const answer = await store.get(`ns/p/_/packs/${id}`)
      if (answer.status === 'found') bytes += answer.body.length
    }
    assert.ok(bytes > 0 && bytes <= 2.2 * alive, `${bytes} bytes in packs for ${alive} alive`)
  })

  test('leave empty values where they are', async () => {
    const { context } = world()
    const layer = layerOf(
      1,
      puts(range(60), i => (i % 2 ? '' : TEXT)),
    )
    const sum = await mergeLayers(context, [layer], { complete: true })
    assert.deepEqual(await seen(context, [sum]), await seen(context, [layer]))
  })
})

describe('what was deleted', () => {
  test('leaves its shard when it is to go now, however few rows that are; the other rows wait', async () => {
    const { context } = world({ ...BOUNDS, maxRows: 100 })
    const base = await bottomOf(context, 1000)
    const changes = new Map<number, string | undefined>([...range(8).map(i => [i * 1000 + 1, 'new'] as const)])
    const upper = layerOf(2, new Map([...changes, [5000, undefined]]))
    const [bottom, waiting] = await push(context, [base, upper], { deletesNow: true })
    assert.equal(waiting?.clean, true)
    const waits = await seen(context, [waiting as Layer])
    assert.equal(waits.filter(line => line.startsWith('05000')).length, 0)
    assert.ok(waits.length >= 6, 'rows that could wait were merged')
    assert.deepEqual(
      (await seen(context, [bottom as Layer])).filter(line => line.startsWith('05000')),
      [],
    )
    assert.deepEqual(await seen(context, [bottom as Layer, waiting as Layer]), await seen(context, [base, upper]))
  })
})
