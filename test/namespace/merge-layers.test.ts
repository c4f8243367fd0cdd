// Merging layers: the sum says what the layers said, however they are cut into shards and nodes.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { NamespaceContext } from '../../lib/namespace/context.ts'
import type { Layer } from '../../lib/namespace/head.ts'
import { IndexStore } from '../../lib/namespace/index-store.ts'
import { findNewest, scanNewest } from '../../lib/namespace/layers.ts'
import { mergeLayers } from '../../lib/namespace/merge-layers.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { type Row, toStored } from '../../lib/namespace/row.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../support/virtual-time.ts'

const namespace = parseNamespaceName('p')
const sha256 = 'a'.repeat(64)
const names = fc.constantFrom(...'abcdefghijklmnop', 'a/b', 'a/c', '\u{ffff}', '\u{1f600}')

/** One commit: what it put (true) and deleted (false), by path. */
const commits = fc.dictionary(names, fc.boolean(), { minKeys: 1, maxKeys: 8 })

function rowsOf(changes: Record<string, boolean>, seq: number): Row[] {
  const rows = Object.entries(changes).map(([path, isThere]): Row => {
    const about = { path: parsePath(path), seq, in: namespace, at: seq, author: 'x' }
    return isThere ? { ...about, size: 1, sha256, value: 'YQ==' } : { ...about, deleted: true }
  })
  return rows.sort((a, b) => compareBytes(a.path, b.path))
}

/** A namespace whose shards hold three rows, and nodes two references. */
function smallShards(): NamespaceContext {
  const ambient = new VirtualTime().ambient()
  const store = new MemoryStore({ ambient })
  const bounds = { maxRows: 3, maxBytes: 100_000, maxRefs: 2 }
  return { ...openNamespace(store, namespace, ambient), index: new IndexStore(store, ambient, bounds) }
}

/** Each commit as a layer, inline or in files. */
async function layersOf(
  context: NamespaceContext,
  history: Record<string, boolean>[],
  inFiles: boolean,
): Promise<Layer[]> {
  const layers = history.map((changes, i): Layer => {
    const seq = i + 1
    return { from: seq, to: seq, rows: rowsOf(changes, seq).map(row => toStored(row, { seq, namespace })) }
  })
  return inFiles ? Promise.all(layers.map(layer => mergeLayers(context, [layer], { complete: false }))) : layers
}

async function said(context: NamespaceContext, layers: readonly Layer[], prefix = ''): Promise<string[]> {
  const lines: string[] = []
  const placed = layers.map(layer => ({ layer, namespace }))
  for await (const { path, seq, deleted } of scanNewest(context.index, placed, prefix)) {
    lines.push(`${path}@${seq}${deleted ? ' deleted' : ''}`)
  }
  return lines
}

describe('the sum of layers', () => {
  const histories = fc.array(commits, { minLength: 1, maxLength: 5 })

  test('says of every path and prefix what they said, in whatever steps they were merged', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), fc.nat({ max: 5 }), async (history, inFiles, cut) => {
        const context = smallShards()
        const layers = await layersOf(context, history, inFiles)
        const parts = [layers.slice(0, cut), layers.slice(cut)].filter(part => part.length > 0)
        const halves = await Promise.all(parts.map(part => mergeLayers(context, part, { complete: false })))
        const sum = await mergeLayers(context, halves, { complete: false })
        for (const prefix of ['', 'a', 'a/', 'c', 'zz']) {
          assert.deepEqual(await said(context, [sum], prefix), await said(context, layers, prefix))
        }
        for (const path of ['a', 'a/b', 'k', 'absent'].map(text => parsePath(text))) {
          const [before, after] = await Promise.all(
            [layers, [sum]].map(some =>
              findNewest(
                context.index,
                some.map(layer => ({ layer, namespace })),
                path,
              ),
            ),
          )
          assert.deepEqual(after?.seq, before?.seq)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('leaves out what was deleted when nothing lies below', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async history => {
        const context = smallShards()
        const layers = await layersOf(context, history, false)
        const sum = await mergeLayers(context, layers, { complete: true })
        const there = (await said(context, layers)).filter(line => !line.endsWith('deleted'))
        assert.deepEqual(await said(context, [sum]), there)
        const deleted = [...history.entries()].filter(([, changes]) => Object.values(changes).includes(false))
        if (deleted.length === 0) assert.equal(sum.forgot, undefined)
        else if (there.length < (await said(context, layers)).length) assert.ok((sum.forgot ?? 0) >= 1)
      }),
      { numRuns: 40 },
    )
  })

  test('keeps the bounds of shards and of the head', async () => {
    const context = smallShards()
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`n${i}`, true]))
    const sum = await mergeLayers(context, await layersOf(context, [many], false), { complete: false })
    assert.ok((sum.files?.length ?? 0) <= 2)
    assert.equal((await said(context, [sum])).length, 50)
  })
})
