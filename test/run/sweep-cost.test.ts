// What a sweep costs follows what there is to remove, not what the namespace holds (G8). `npm run bench -- sweep` measures it at 262,000
// rows; this notices a walk over all of them in every test run.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { World } from '../support/world.ts'

const HOURS = 3_600_000

/** The requests, and the bytes that came, of the sweep that finds seven deleted values among `rows` rows and of the one that deletes them. */
async function costAt(rows: number): Promise<{ requests: number; bytes: number }[]> {
  const world = new World()
  return world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    const removed = Array.from({ length: 7 }, (_, i) => `data/${String(300 + 20 * i).padStart(6, '0')}`)
    await parent.commit(async tx => {
      for (let i = 0; i < rows; i++) await tx.put(`data/${String(i).padStart(6, '0')}`, '')
      for (const path of removed) await tx.put(path, path.repeat(500))
    })
    await parent.compact()
    await writer.store.sweep()
    await parent.commit(tx => {
      for (const path of removed) tx.delete(path)
    })
    const costs: { requests: number; bytes: number }[] = []
    for (const gone of [0, 7]) {
      const sweeper = world.client()
      const { removed, bytesDown } = await sweeper.store.sweep()
      assert.equal(removed.byKind.values?.objects ?? 0, gone)
      costs.push({ requests: sweeper.requests.length, bytes: bytesDown })
      await writer.ambient.sleep(2 * HOURS)
    }
    return costs
  })
}

test('the removal of seven values costs the same requests among 20,000 rows as among 1,000, and hardly more bytes', async () => {
  const [few, many] = [await costAt(1_000), await costAt(20_000)]
  for (const [i, { requests, bytes }] of many.entries()) {
    const small = few[i] ?? assert.fail()
    assert.ok(requests <= small.requests + 2, `${requests} requests, and ${small.requests} of a small namespace`)
    assert.ok(bytes <= 1.5 * small.bytes, `${bytes} bytes, and ${small.bytes} of a small namespace`)
  }
})

/** How long the sweep takes that empties the folders of so many folded runs, in virtual milliseconds. */
async function emptying(runs: number): Promise<number> {
  const world = new World()
  return world.run(async () => {
    const writer = world.client()
    const parent = await writer.store.namespace('p', { create: true })
    for (let i = 0; i < runs; i++) {
      const run = await parent.fork(`r${i}`)
      await run.put(`data/${i}`, 'x'.repeat(5_000))
      await run.fold()
    }
    await writer.store.sweep()
    await writer.ambient.sleep(2 * HOURS)
    const { ambient, store } = world.client()
    const startedAt = ambient.monotonic()
    await store.sweep()
    for (let i = 0; i < runs; i++) assert.equal(world.peek(`ns/p/r${i}/_/head`).emptied, true)
    return ambient.monotonic() - startedAt
  })
}

test('runs that have ended are emptied several at a time', async () => {
  const [few, many] = [await emptying(8), await emptying(32)]
  assert.ok(many < 3 * few, `${many} ms for 32 runs, and ${few} ms for 8`)
})
