import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { concurrently } from '../../lib/sync/concurrently.ts'

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
    test(`${kind} is done once for each, with its position, so many at a time`, async () => {
      let [running, most] = [0, 0]
      const done: [number, number][] = []
      await concurrently(items(), 4, async (item, position) => {
        most = Math.max(most, ++running)
        await setImmediate()
        running -= 1
        done.push([item, position])
      })
      assert.deepEqual(
        done.sort(([a], [b]) => a - b),
        Array.from({ length: 50 }, (_, i) => [i, i]),
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
})
