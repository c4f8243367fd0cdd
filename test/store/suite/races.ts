// Races: of many writers at one condition one wins and every other is told so, or told that nobody can say. On this alone rests
// the correctness of everything above the store.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AmbiguousWrite, ThrottledError } from '../../../lib/errors.ts'
import type { Condition, ObjectStore } from '../../../lib/store/object-store.ts'
import { found, isLost, type Place, text, textAt } from './support.ts'

export function raceSuite(aPlace: Place): void {
  let races = 0
  /**
   * Lets 16 writers at one condition, and checks that one of them stands and only that one was told that it does. No two write
   * the same bytes, in any race: where an etag is a hash of the content, that would be an A-B-A.
   */
  async function race(store: ObjectStore, key: string, condition: Condition) {
    const number = ++races
    const racers = Array.from({ length: 16 }, (_, index) => `racer ${index} of race ${number}`)
    const outcomes = await Promise.allSettled(racers.map(racer => store.put(key, text(racer), { condition })))
    const standing = racers.indexOf(await textAt(store, key))
    assert.notEqual(standing, -1)
    outcomes.forEach((outcome, index) => {
      if (outcome.status === 'fulfilled') assert.equal(index, standing, 'a put was acknowledged that does not stand')
      else if (index === standing) assert.ok(outcome.reason instanceof AmbiguousWrite)
      else assert.ok(isLost(outcome.reason), String(outcome.reason))
    })
  }

  test('of 16 puts if absent at once exactly one happens', async () => {
    const { store, prefix } = aPlace()
    for (let round = 0; round < 5; round++) await race(store, `${prefix}${round}/a`, { ifNoneMatch: '*' })
  })

  test('of 16 puts at once on one version exactly one happens', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text('before'))
    for (let round = 0; round < 5; round++) {
      await race(store, `${prefix}a`, { ifMatch: (await found(store, `${prefix}a`)).etag })
    }
  })

  test('puts without a condition at once all happen, and one of them stands', async () => {
    const { store, prefix } = aPlace()
    const writers = Array.from({ length: 12 }, (_, index) => `writer ${index}`)
    await Promise.all(writers.map(writer => store.put(`${prefix}a`, text(writer))))
    assert.ok(writers.includes(await textAt(store, `${prefix}a`)))
  })

  test('8 loops of 25 increments at once lose none and count none twice', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}count`
    await store.put(key, text('[]'))
    const loop = async (name: string) => {
      for (let round = 0; round < 25; round++) await append(store, key, `${name}.${round}`)
    }
    await Promise.all(Array.from({ length: 8 }, (_, index) => loop(`loop${index}`)))
    const writes: string[] = JSON.parse(await textAt(store, key))
    assert.equal(writes.length, 200)
    assert.equal(new Set(writes).size, 200)
  })
}

/** Adds `write` to the list under `key` by compare-and-swap. Whatever became of a put, the list tells whether it happened. */
async function append(store: ObjectStore, key: string, write: string): Promise<void> {
  for (;;) {
    const { body, etag } = await found(store, key)
    const writes: string[] = JSON.parse(String(Buffer.from(body)))
    if (writes.includes(write)) return
    try {
      await store.put(key, text(JSON.stringify([...writes, write])), { condition: { ifMatch: etag } })
      return
    } catch (error) {
      if (!isLost(error) && !(error instanceof ThrottledError)) throw error
    }
  }
}
