// Which layers to merge: the plan keeps a head small, and a row is not rewritten more often than the logarithm of all rows.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parsePath } from '../../lib/names.ts'
import {
  MAX_LAYERS,
  planAll,
  planMerge,
  planNodes,
  planOverflow,
  planRoom,
  planTail,
  rowsIn,
  rowsOf,
  type Span,
  tailBytes,
} from '../../lib/namespace/compaction-plan.ts'
import type { Layer } from '../../lib/namespace/head.ts'

const sha256 = 'a'.repeat(64)

/** A layer of one commit with so many rows: in the head, or in a file. */
function inline(rows = 1): Layer {
  const row = { path: parsePath('a'), at: 0, author: 'x', size: 1, sha256, value: 'YQ==' }
  return { from: 1, to: 1, rows: Array.from({ length: rows }, () => row) }
}

function filed(rows: number): Layer {
  const ref = { id: 'abcdefgh-1', level: 0, first: parsePath('a'), last: parsePath('b'), rows, bytes: rows }
  return { from: 1, to: 1, files: [ref] }
}

const anyLayer = fc.oneof(fc.integer({ min: 1, max: 5 }).map(inline), fc.integer({ min: 1, max: 10_000 }).map(filed))
const anyLayers = fc.array(anyLayer, { maxLength: 130 })

function assertWithin(span: Span | undefined, layers: readonly Layer[]): void {
  if (!span) return
  assert.ok(span.from >= 0 && span.from <= span.to && span.to < layers.length, JSON.stringify(span))
}

describe('the plan for the tail', () => {
  test('leaves it in the head while it is small', () => {
    const layers = [filed(10), inline(), inline()]
    assert.deepEqual(planTail(layers, tailBytes(layers)), [])
  })

  test('moves every inline layer, neighbours together, and no other, once it is large', () => {
    fc.assert(
      fc.property(anyLayers, layers => {
        const spans = planTail(layers, 0)
        const moved = new Set<number>()
        for (const { from, to } of spans) {
          assert.ok(!layers[from - 1]?.rows && !layers[to + 1]?.rows, 'a neighbour was left')
          for (let i = from; i <= to; i++) moved.add(i)
        }
        layers.forEach((layer, i) => {
          assert.equal(moved.has(i), layer.rows !== undefined)
        })
        assert.deepEqual(
          spans.map(span => span.from),
          spans.map(span => span.from).sort((a, b) => b - a),
        )
      }),
    )
  })
})

describe('the plan for everything', () => {
  test('is nothing for a namespace that is empty or one layer in files', () => {
    assert.equal(planAll([]), undefined)
    assert.equal(planAll([filed(10)]), undefined)
  })

  test('is all layers otherwise', () => {
    assert.deepEqual(planAll([inline()]), { from: 0, to: 0 })
    assert.deepEqual(planAll([filed(10), inline(), filed(1)]), { from: 0, to: 2 })
    assert.deepEqual(planAll([filed(100_000), filed(1), filed(1)]), { from: 0, to: 2 })
  })

  test('is the tail first when the whole takes long', () => {
    assert.deepEqual(planAll([filed(100_000), inline(), inline()]), { from: 1, to: 2 })
  })

  test('leaves alone what waits above the bottom', () => {
    const waiting: Layer = { ...filed(10), waiting: true, clean: true }
    assert.equal(planAll([filed(100_000), waiting]), undefined)
    assert.deepEqual(
      planAll([filed(100_000), { ...filed(10), waiting: true }]),
      { from: 0, to: 1 },
      'a deletion may wait',
    )
    assert.deepEqual(planAll([filed(100_000), waiting, filed(1)]), { from: 0, to: 2 })
  })
})

describe('the plan for a merge', () => {
  const times = (count: number, layer: Layer) => Array.from({ length: count }, () => layer)

  test('is nothing while there are few layers', () => {
    assert.equal(planMerge(times(7, filed(1))), undefined)
    assert.equal(planMerge([...times(7, filed(1)), ...times(50, inline())]), undefined)
  })

  test('leaves a layer alone that is much larger than all newer ones', () => {
    assert.deepEqual(planMerge([filed(1_000_000), filed(100_000), ...times(8, filed(10))]), { from: 2, to: 9 })
  })

  test('that reaches down to the bottom takes the bottom along, however large it is', () => {
    assert.deepEqual(planMerge([filed(100_000), ...times(8, filed(10))]), { from: 0, to: 8 })
  })

  test('keeps to a budget of rows, unless too many layers have come together', () => {
    const some = [filed(1_000_000), ...times(12, filed(1000))]
    assert.deepEqual(planMerge(some, 6000), { from: 7, to: 12 })
    assert.equal(planMerge(some, 2000), undefined)
    assert.deepEqual(planMerge([filed(1_000_000), ...times(60, filed(1000))], 2000), { from: 53, to: 60 })
  })

  test('moves the tail first that lies between, so that no writer touches what a long merge works on', () => {
    const between = [filed(1_000_000), ...times(4, filed(1000)), inline(), inline(), ...times(4, filed(1000))]
    assert.deepEqual(planMerge(between), { from: 5, to: 6 })
  })

  test('takes a layer along that has become small beside the newer ones', () => {
    assert.deepEqual(planMerge([filed(300), ...times(8, filed(10))]), { from: 0, to: 8 })
  })

  test('leaves the newest inline layers in the head', () => {
    assert.deepEqual(planMerge([...times(8, filed(10)), inline(), inline()]), { from: 0, to: 7 })
  })

  test('lies within the layers and merges at least two', () => {
    fc.assert(
      fc.property(anyLayers, layers => {
        const span = planMerge(layers)
        assertWithin(span, layers)
        if (span) assert.ok(span.to > span.from || layers[span.from]?.rows)
        assertWithin(planOverflow(layers), layers)
      }),
    )
  })

  test('is made for any head before it overflows', () => {
    const manyLayers = fc.array(anyLayer, { minLength: 100, maxLength: 300 })
    fc.assert(
      fc.property(manyLayers, layers => {
        const files = layers.filter(layer => layer.files).length
        if (files >= MAX_LAYERS / 2) assert.ok(planMerge(layers))
        assert.equal(planOverflow(layers) !== undefined, files > MAX_LAYERS)
      }),
    )
  })
})

test('a head that is compacted after each commit stays small, and each row is rewritten a few times at most', () => {
  const commits = fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 2000 })), {
    minLength: 300,
    maxLength: 1500,
  })
  fc.assert(
    fc.property(commits, sizes => {
      let layers: Layer[] = []
      let written = 0
      for (const size of sizes) {
        layers.push(filed(size))
        for (let span = planMerge(layers); span; span = planMerge(layers)) {
          const [merged, cost] = mergedAsPlanned(layers, span)
          layers = layers.toSpliced(span.from, span.to - span.from + 1, ...merged)
          written += cost
        }
        assert.ok(layers.length < 20, `${layers.length} layers`)
      }
      const total = sizes.reduce((sum, size) => sum + size, 0)
      assert.ok(written <= total * (12 + Math.log2(sizes.length)), `${written} rows written for ${total}`)
    }),
    { numRuns: 30 },
  )
})

/** What stands afterwards, and how many rows were written, should all rows be spread evenly over the bottom: the worst case. */
function mergedAsPlanned(layers: readonly Layer[], span: Span): [merged: Layer[], written: number] {
  const bottom = span.from === 0 ? rowsOf(layers[0] as Layer) : 0
  const newer = rowsIn(layers, span) - bottom
  if (10 * newer >= bottom) return [[filed(bottom + newer)], bottom + newer]
  return [[filed(bottom), filed(newer)], newer]
}

describe('the plan for a head that has no room', () => {
  const long = (letter: string) => parsePath(letter.repeat(900))
  /** A layer of so many references to files whose paths are as long as they may be. */
  const wide = (count: number): Layer => {
    const files = Array.from({ length: count }, (_, i) => {
      const letter = String.fromCharCode(97 + i)
      return { id: 'abcdefgh-1', level: 0, first: long(letter), last: long(letter), rows: 1000, bytes: 1000 }
    })
    return { from: 1, to: 1, files }
  }

  test('is nothing while there is room', () => {
    const layers = [wide(8), filed(10), inline()]
    assert.equal(planNodes(layers).size, 0)
    assert.equal(planRoom(layers), undefined)
  })

  test('puts the references of the newest layers into nodes, no more of them than need be', () => {
    const layers = [wide(8), wide(8), filed(10), wide(8), wide(8)]
    assert.deepEqual([...planNodes(layers)], [layers[4], layers[3]])
  })

  test('merges the newest layers only when each has but one reference', () => {
    const layers = Array.from({ length: 30 }, () => wide(1))
    assert.equal(planNodes(layers).size, 0)
    const span = planRoom(layers)
    assert.equal(span?.to, 29)
    assert.ok(span.from >= 8 && span.from <= 16, `from ${span.from}`)
  })

  test('moves a tail of some size first', () => {
    const layers = [...Array.from({ length: 24 }, () => wide(1)), inline(100)]
    assert.deepEqual(planRoom(layers), { from: 24, to: 24 })
  })
})
