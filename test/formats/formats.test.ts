// The formats are what other processes, other versions and other readers rest on. An accidental change of one fails here; a wanted
// one is written down with UPDATE_GOLDEN=1, and says in CHANGELOG.md what older readers make of it.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Etag } from '../../lib/names.ts'
import { ROOT } from '../support/programs.ts'
import { contents } from '../support/world.ts'
import { makeGoldenStore, textsOf, worldOf } from './golden-world.ts'

const GOLDEN = join(ROOT, 'test', 'formats', 'golden-store.json')
const KINDS = [
  'runlet.json',
  'head',
  'index',
  'values',
  'packs',
  'history',
  'forks',
  'lease',
  'queue',
  'garbage',
  'sweep',
]

describe('the formats', () => {
  test('are what they were: a store made today has the same bytes', async () => {
    const made = textsOf(await makeGoldenStore())
    if (process.env.UPDATE_GOLDEN) await writeFile(GOLDEN, `${JSON.stringify(made, null, 1)}\n`)
    assert.deepEqual(made, JSON.parse(await readFile(GOLDEN, 'utf8')))
  })

  test('are all in the golden store', async () => {
    const keys = Object.keys(JSON.parse(await readFile(GOLDEN, 'utf8')))
    for (const kind of KINDS)
      assert.ok(
        keys.some(key => key === kind || key.split('/').includes(kind)),
        `no ${kind}`,
      )
  })

  test('have the head of a run that was swept among them, and a list of what a sweep will delete', async () => {
    const store: Record<string, string> = JSON.parse(await readFile(GOLDEN, 'utf8'))
    assert.ok(Object.values(store).some(text => text.includes('"emptied":true')))
    const lists = Object.entries(store).filter(([key]) => key.includes('/garbage/'))
    assert.ok(lists.some(([, text]) => JSON.parse(text).items.length > 0))
  })

  test('say 2 where a row refers to an object of others, so that an older runlet refuses it, and else 1', async () => {
    const store: Record<string, string> = JSON.parse(await readFile(GOLDEN, 'utf8'))
    const told = Object.entries(store).filter(([, text]) => text.startsWith('{"format"'))
    assert.ok(told.length > 20)
    for (const [key, text] of told) assert.equal(text.startsWith('{"format":2'), text.includes('"external":'), key)
    for (const kind of ['head', 'index', 'forks'])
      assert.ok(
        told.some(([key, text]) => key.includes(`/_/${kind}`) && text.startsWith('{"format":2')),
        kind,
      )
  })

  test('have the pin of a fork with its choice among them, and the sign of a fold beside it', async () => {
    const store: Record<string, string> = JSON.parse(await readFile(GOLDEN, 'utf8'))
    const isPin = (key: string) => /p\/_\/forks\/\d+~open~[^~]+$/.test(key)
    const [pin = assert.fail('no pin of "p/open"')] = Object.keys(store).filter(isPin)
    const { seq } = JSON.parse(store['ns/p/open/_/head'] ?? '')
    assert.equal(JSON.parse(store[pin] ?? '').onError, 'keep')
    assert.equal(JSON.parse(store[`ns/p/_/forks/folding.open.${seq}.${pin.split('~')[2]}`] ?? '').run, 'p/open')
  })

  test('have nodes of the index among them', async () => {
    const texts: string[] = Object.values(JSON.parse(await readFile(GOLDEN, 'utf8')))
    assert.ok(texts.some(text => text.includes('"kind":"refs"')))
  })

  test('are still read: the golden store opens, folds and goes on', async () => {
    const world = worldOf(JSON.parse(await readFile(GOLDEN, 'utf8')))
    await world.run(async () => {
      const parent = await world.client().store.namespace('p')
      const before = await contents(parent)
      assert.equal(before['small.txt'], 'hello\n')
      assert.equal(before['large.bin'], 'x'.repeat(5_000))
      assert.equal(before['packed/39'], '39'.repeat(1_000).slice(0, 1_000))
      assert.equal(before['packed/00'], undefined)
      assert.equal(before['from-run.txt'], 'run\n')
      assert.equal(before.counter, '69')
      let commits = 0
      for await (const commit of parent.log()) commits += commit.seq > 0 ? 1 : 0
      assert.equal(commits, 78)
      const deep = await world.client().store.namespace('deep')
      const rows = await contents(deep)
      assert.equal(Object.keys(rows).length, 60)
      assert.equal(rows['row/07'], 'newer')
      assert.equal(rows['row/59'], '59')
      world.bucket.objects.set('/swamp/data/a', {
        body: Buffer.from('golden'),
        etag: 'etag-of-data/a' as Etag,
        lastModified: 0,
      })
      const imported = await world.client().store.namespace('imported')
      assert.equal(Buffer.from((await imported.get('data/a')) ?? []).toString(), 'golden')
      assert.equal((await imported.stat('data/b'))?.sha256, 'b'.repeat(64))
      const swept = await world.client().store.sweep()
      assert.deepEqual(swept.problems, [])
      assert.deepEqual(swept.removed.byKind.values, { objects: 1, bytes: 5_000 })
      await (await parent.resume('open')).fold()
      assert.deepEqual(await contents(parent), { ...before, 'in-open.txt': 'open\n' })
    })
  })
})
