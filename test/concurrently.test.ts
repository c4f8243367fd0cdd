import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { concurrently } from '../lib/concurrently.ts'

async function* slowly(count: number) {
  for (let i = 0; i < count; i++) {
    await setImmediate()
    yield i
  }
}

describe('work on many things', () => {
  for (const [kind, items] of [
    ['at hand', () => Array.from({ length: 50 }, (_, i) => i)],
    ['that come slowly', () => slowly(50)],
  ] as const) {
    test(`${kind} is done once for each, so many at a time, and results have the order of the items`, async () => {
      let [running, most] = [0, 0]
      const done: number[] = []
      const results = await concurrently(items(), 4, async item => {
        most = Math.max(most, ++running)
        for (let turn = 0; turn <= item % 4; turn++) await setImmediate()
        running -= 1
        done.push(item)
        return item * 2
      })
      const all = Array.from({ length: 50 }, (_, i) => i)
      assert.notDeepEqual(done, all)
      assert.deepEqual(
        done.sort((a, b) => a - b),
        all,
      )
      assert.deepEqual(
        results,
        all.map(i => i * 2),
      )
      assert.ok(most > 1 && most <= 4, `${most} at a time`)
    })
  }

  test('ends with the first failure, when nothing is running any more', async () => {
    let [begun, running] = [0, 0]
    const work = concurrently(slowly(1_000), 4, async item => {
      begun += 1
      running += 1
      await setImmediate()
      running -= 1
      if (item === 10) throw new Error('the tenth')
    })
    await assert.rejects(work, /the tenth/)
    assert.equal(running, 0)
    assert.ok(begun < 30, `${begun} were begun`)
  })

  test('tells of the failure that came first, whatever fails after it', async () => {
    const work = concurrently([3, 2, 1], 3, async item => {
      for (let turn = 0; turn < item; turn++) await setImmediate()
      throw new Error(`of ${item}`)
    })
    await assert.rejects(work, /of 1/)
  })
})
