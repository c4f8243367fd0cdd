// Reading an index from end to end: files are fetched before they are asked for, each of them once.
import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { compareBytes, type NamespaceName, parseNamespaceName, parsePath } from '../../lib/names.ts'
import { IndexStore } from '../../lib/namespace/index-store.ts'
import { type PlacedLayer, scanNewest } from '../../lib/namespace/layers.ts'
import type { Row } from '../../lib/namespace/row.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'

const namespace: NamespaceName = parseNamespaceName('p')
const [LAYERS, FILES] = [24, 30]

function rows(layer: number): Row[] {
  const made = Array.from({ length: FILES }, (_, i): Row => {
    const path = parsePath(`${String(i).padStart(3, '0')}-${layer}`)
    return { path, seq: layer + 1, in: namespace, at: 1, author: 'x', size: 1, sha256: 'a'.repeat(64), value: 'YQ==' }
  })
  return made.sort((a, b) => compareBytes(a.path, b.path))
}

describe('reading ahead', () => {
  let gets: string[]
  let store: MemoryStore
  let layers: PlacedLayer[]
  /** What is read is fetched anew: no cache holds it. */
  let index: IndexStore
  beforeEach(async () => {
    const ambient = new VirtualTime().ambient()
    const inner = new MemoryStore({ ambient })
    gets = []
    store = Object.assign(Object.create(inner), {
      get: (key: string) => {
        gets.push(key)
        return inner.get(key)
      },
    })
    const writer = new IndexStore(store, ambient, { maxRows: 1, maxBytes: 100_000, maxRefs: 1000 })
    layers = []
    for (let i = 0; i < LAYERS; i++)
      layers.push({
        namespace,
        layer: { from: i + 1, to: i + 1, files: await writer.write(namespace, rows(i), i + 1) },
      })
    index = new IndexStore(store, ambient, writer.bounds, 0)
  })

  test('of more layers than there is room for fetches no file twice', async () => {
    let count = 0
    for await (const _ of scanNewest(index, layers, '')) count += 1
    assert.equal(count, LAYERS * FILES)
    assert.equal(new Set(gets).size, LAYERS * FILES)
    assert.equal(gets.length, LAYERS * FILES)
  })

  test('goes on doing so after many walks that were given up', async () => {
    const alone = layers.slice(0, 1)
    for (let walk = 0; walk < 100; walk++) {
      let left = 4
      for await (const _ of scanNewest(index, alone, '')) if (--left === 0) break
    }
    gets.length = 0
    const walk = scanNewest(index, alone, '')
    for (let i = 0; i < 4; i++) await walk.next()
    assert.ok(gets.length > 4, 'more is under way than was asked for')
    for await (const _ of walk);
    assert.equal(gets.length, FILES)
  })
})
