// A store that an earlier version has written goes on with this one. The golden one is of the last revision without sweeps, written by
// that revision itself (see early-store.ts): it has format 1 without what came to be since.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, test } from 'node:test'
import { ROOT } from '../support/programs.ts'
import { type Client, contents, type World } from '../support/world.ts'
import { worldOf } from './golden-world.ts'

const GOLDEN = join(ROOT, 'test', 'formats', 'golden-store-before-sweeps.json')
const HOUR_MS = 3_600_000
const TWO_DAYS_MS = 172_800_000
/** When the clock of a world begins. */
const PUT_AT = 1_700_000_000_000

describe('a store of an earlier version', () => {
  let texts: Record<string, string>
  let world: World
  let client: Client
  beforeEach(async () => {
    texts = JSON.parse(await readFile(GOLDEN, 'utf8'))
    world = worldOf(texts, PUT_AT)
    client = world.client()
  })
  const opened = (name: string) => client.store.namespace(name)

  test('has none of the fields that came later', () => {
    for (const [key, text] of Object.entries(texts)) {
      if (!key.endsWith('/_/head')) continue
      const head = JSON.parse(text)
      assert.equal(head.format, 1)
      for (const later of ['sweeps', 'earlier', 'emptied', 'firstAt', 'sealedAt', 'endedAt'])
        assert.ok(!(later in head))
    }
  })

  test('is read: rows, objects, packs, nodes, history, locks and runs', () =>
    world.run(async () => {
      const main = await opened('main')
      const rows = await contents(main)
      assert.equal(Object.keys(rows).length, 45)
      assert.equal(rows['large.bin'], 'x'.repeat(5_000))
      assert.equal(rows['packed/39'], '39'.repeat(500))
      assert.equal(rows['log/all.txt'], 'one\nthree\ntwo\n')
      assert.equal(rows.counter, '69')
      assert.equal(rows['packed/00'] ?? rows['unused.bin'], undefined)
      assert.equal(await count(main.log()), 80)
      assert.deepEqual((await main.locks()).map(({ name }) => name).sort(), ['compact', 'lock.deploy', 'merge'])
      assert.deepEqual((await main.runs()).map(({ id }) => id).sort(), ['before', 'moved', 'outer', 'sealed'])
      const deep = await contents(await opened('deep'))
      assert.equal(Object.keys(deep).length, 59)
      assert.deepEqual([deep['row/07'], deep['row/11'], deep['row/59']], ['newer', undefined, '59'])
    }))

  test('shows its runs what they were forked from, and what became of them', () =>
    world.run(async () => {
      const before = await contents(await opened('main/before'))
      assert.deepEqual([before['unused.bin'], before.counter], ['y'.repeat(6_000), undefined])
      assert.equal((await contents(await opened('main/outer/inner')))['in-outer.txt'], 'outer\n')
      assert.equal((await contents(await opened('main/moved')))['late.txt'], 'late\n')
      const { runs } = await (await opened('main')).timeline()
      const fates = Object.fromEntries(runs.map(({ id, fate }) => [id, fate]))
      assert.deepEqual([fates.folded, fates.dropped, fates.before], ['folded', 'discarded', 'kept'])
    }))

  test('takes writes, folds, compactions and sweeps, and loses nothing that is seen', () =>
    world.run(async () => {
      const main = await opened('main')
      const expected = await contents(main)
      await main.put('new.txt', 'new\n')
      const outer = await main.resume('outer')
      await (await outer.resume('inner')).fold()
      // No sweep folds a run that was sealed and left so unless its parent says that a fold had begun; that revision left no such sign.
      await client.ambient.sleep(HOUR_MS) // its owner died
      for (const id of ['before', 'moved', 'sealed']) await (await main.resume(id)).fold()
      await outer.fold()
      await main.compact()
      await (await opened('deep')).put('row/60', '60')
      await (await opened('deep')).compact()
      const told = [await client.store.sweep()]
      for (let i = 0; i < 3; i++) {
        await client.ambient.sleep(TWO_DAYS_MS)
        told.push(await client.store.sweep())
      }
      assert.deepEqual(
        told.flatMap(({ problems }) => problems),
        [],
      )
      assert.deepEqual(await contents(await opened('main')), {
        ...expected,
        'new.txt': 'new\n',
        'in-before.txt': 'before\n',
        'in-outer.txt': 'outer\n',
        'in-inner.txt': 'inner\n',
        'in-moved.txt': 'moved\n',
        'in-sealed.txt': 'sealed\n',
      })
      assert.equal(Object.keys(await contents(await opened('deep'))).length, 60)
      assert.deepEqual(await main.runs(), [])
      // That revision noted nothing of a run that it discarded, so what that had stays.
      const values = world.keys('ns/').filter(key => key.includes('/_/values/'))
      assert.deepEqual(
        values.map(key => key.slice(0, key.indexOf('/_/'))),
        ['ns/main', 'ns/main/dropped'],
      )
    }))
})

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0
  for await (const _ of items) found += 1
  return found
}
