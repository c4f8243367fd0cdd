// Upkeep in the background: who is there only for one write does little of it, and yet the head stays small.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AbortedError } from '../../lib/errors.ts'
import type { Fate } from '../../lib/store/memory/memory-store.ts'
import { World } from '../support/world.ts'

const ROWS = 1500
const COMMITS = 30

const headOf = (namespace: object) =>
  (namespace as { open: { head: { known?: { value: { layers: unknown[]; commits: unknown[] } } } } }).open.head.known
    ?.value
const layersOf = (namespace: object): number => headOf(namespace)?.layers.length ?? 0
const recordsOf = (namespace: object): number => headOf(namespace)?.commits.length ?? 0

const isShardPut = (request: string): boolean => request.startsWith('put ') && request.includes('/_/index/')

describe('a process that is there for one commit', () => {
  test('merges a few thousand rows at most, and the layers stay few even if there are no others', async () => {
    const world = new World()
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      for (let commit = 0; commit < COMMITS; commit++) {
        const { store, requests } = world.client()
        const namespace = await store.namespace('p')
        await namespace.commit(tx => {
          for (let i = 0; i < ROWS; i++) tx.put(`row/${String((i * 37 + commit) % 5000).padStart(5, '0')}`, `${commit}`)
        })
        const own = requests.filter(isShardPut).length
        await store.close()
        const shards = requests.filter(isShardPut).length - own
        assert.ok(shards <= 24, `${shards} files written by upkeep after commit ${commit}`)
        assert.ok(layersOf(namespace) < 40, `${layersOf(namespace)} layers`)
      }
      const reader = await world.client().store.namespace('p')
      assert.equal(Buffer.from((await reader.get(`row/${String(29).padStart(5, '0')}`)) ?? []).toString(), '29')
      let rows = 0
      for await (const _ of reader.list()) rows += 1
      assert.equal(rows, 5000)
    })
  })

  test('leaves what takes longer to one that goes on, or to a compaction', async () => {
    const world = new World()
    await world.run(async () => {
      const writer = await world.client().store.namespace('p', { create: true })
      for (let commit = 0; commit < 7; commit++) {
        await writer.commit(tx => {
          for (let i = 0; i < 2500; i++) tx.put(`row/${commit}/${i}`, 'x')
        })
      }
      await writer.idle()
      const brief = world.client()
      const namespace = await brief.store.namespace('p')
      await namespace.commit(tx => {
        for (let i = 0; i < 2500; i++) tx.put(`row/7/${i}`, 'x')
      })
      await brief.store.close()
      const before = layersOf(namespace)
      assert.ok(before >= 8, `${before} layers`)
      const { merged, bytesUp } = await writer.compact()
      assert.ok(merged >= 8 && bytesUp > 0)
      assert.ok(layersOf(writer) <= 2)
    })
  })
})

test('processes that are there for one commit keep the layers few, however far from the store they are', async () => {
  const world = new World({ latencyMs: 300 })
  await world.run(async () => {
    const first = await world.client().store.namespace('p', { create: true })
    await first.commit(tx => {
      for (let i = 0; i < 40_000; i++) tx.put(`row/${String(i).padStart(5, '0')}`, 'x')
    })
    await first.compact()
    let most = 0
    for (let commit = 0; commit < 60; commit++) {
      const { store } = world.client()
      const namespace = await store.namespace('p')
      // Scattered, so that a merge has a look at many shards, and too many rows for the head.
      await namespace.commit(tx => {
        for (let i = 0; i < 200; i++) tx.put(`row/${String((i * 199 + commit) % 40_000).padStart(5, '0')}`, `${commit}`)
      })
      most = Math.max(most, layersOf(namespace))
      await store.close()
    }
    assert.ok(most < 25, `${most} layers`)
  })
})

test('a writer that knows the head of before a compaction needs no look at the index for its next write', async () => {
  const world = new World()
  await world.run(async () => {
    const [a, b] = [world.client(), world.client()]
    const namespace = await a.store.namespace('p', { create: true })
    await namespace.commit(tx => {
      for (let i = 0; i < 3000; i++) tx.put(`row/${i}`, 'x')
    })
    await namespace.delete('row/7')
    const stale = await b.store.namespace('p')
    await namespace.put('row/8', 'changed')
    await namespace.compact()
    const before = b.requests.length
    await stale.put('mine', 'x')
    const made = b.requests.slice(before)
    assert.ok(made.length <= 3 && !made.some(request => request.includes('/index/')), made.join(', '))
  })
})

test('a compaction that merges everything moves the old commit records out of the head too', async () => {
  const world = new World()
  await world.run(async () => {
    const namespace = await world.client().store.namespace('p', { create: true })
    for (let commit = 0; commit < 33; commit++) await namespace.put('row', `${commit}`)
    assert.equal(recordsOf(namespace), 33)
    assert.equal((await namespace.compact()).merged, 33)
    assert.equal(recordsOf(namespace), 16)
    const log = []
    for await (const { seq } of namespace.log()) log.push(seq)
    assert.deepEqual(
      log,
      Array.from({ length: 33 }, (_, i) => 33 - i),
    )
  })
})

describe('a compaction', () => {
  /** A few shards, and what waits to come down into each of them. */
  async function aNamespaceToCompact(world: World) {
    const writer = await world.client().store.namespace('p', { create: true })
    writer.stopUpkeep()
    for (let commit = 0; commit < 4; commit++) {
      await writer.commit(tx => {
        for (let i = commit; i < 6000; i += commit === 0 ? 1 : 3) tx.put(`row/${i}`, `${commit}`)
      })
    }
    return writer
  }
  const NEWER = 5999

  test('tells how many of the rows that are to come down are done, up to the last', async () => {
    const world = new World()
    await world.run(async () => {
      const namespace = await aNamespaceToCompact(world)
      const told: [number, number][] = []
      await namespace.compact({ onProgress: (done, rows) => told.push([done, rows]) })
      assert.ok(told.length >= 5, `told ${told.length} times`)
      assert.deepEqual(
        told.map(([done]) => done),
        told.map(([done]) => done).sort((a, b) => a - b),
      )
      assert.ok(told.every(([done, rows]) => done <= NEWER && rows === NEWER))
      assert.equal(told.at(-1)?.[0], NEWER)
    })
  })

  test('that is aborted ends, changes nothing that a reader sees, and the next one does it', async () => {
    const world = new World()
    await world.run(async () => {
      const namespace = await aNamespaceToCompact(world)
      const before = layersOf(namespace)
      const stop = new AbortController()
      const onProgress = () => stop.abort(new Error('enough'))
      await assert.rejects(namespace.compact({ signal: stop.signal, onProgress }), AbortedError)
      assert.equal(layersOf(namespace), before)
      const reader = await world.client().store.namespace('p')
      assert.equal(Buffer.from((await reader.get('row/3001')) ?? []).toString(), '1')
      assert.ok((await reader.compact()).merged >= before)
      assert.equal(Buffer.from((await reader.get('row/3001')) ?? []).toString(), '1')
    })
  })

  test('that was aborted before it began asks for nothing', async () => {
    const world = new World()
    await world.run(async () => {
      const { store, requests } = world.client()
      const namespace = await store.namespace('p', { create: true })
      const before = requests.length
      await assert.rejects(namespace.compact({ signal: AbortSignal.abort() }), AbortedError)
      assert.equal(requests.slice(before).filter(request => request.startsWith('put')).length, 0)
    })
  })
})

test('a store that is closed waits for no long merge, and the next process finds the same to do', async () => {
  const world = new World()
  await world.run(async () => {
    const { ambient } = world.client()
    let slow = false
    const writer = world.client({
      weather: async ({ operation, key, phase }): Promise<Fate> => {
        if (slow && phase === 'before' && operation === 'put' && key.includes('/_/index/')) await ambient.sleep(20_000)
        return 'pass'
      },
    })
    const namespace = await writer.store.namespace('p', { create: true })
    for (let round = 0; round < 8; round++) {
      slow = false
      await namespace.commit(tx => {
        for (let i = 0; i < 2500; i++) tx.put(`row/${round}/${i}`, 'x')
      })
      slow = true // what is written from here on is upkeep
    }
    const startedAt = ambient.monotonic()
    await writer.store.close()
    // Twenty shards, eight at a time: it waits for those that are on their way.
    const took = ambient.monotonic() - startedAt
    assert.ok(took < 30_000, `closing took ${took} ms`)
    const reader = await world.client().store.namespace('p')
    assert.ok((await reader.compact()).merged > 0)
    assert.equal(Buffer.from((await reader.get('row/7/7')) ?? []).toString(), 'x')
  })
})
