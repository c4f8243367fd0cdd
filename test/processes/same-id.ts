// Processes that want a run of the same id: one of them has it and the others are told so, and an id whose run has ended can be had
// again (G6).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Member } from '../support/fleet.ts'
import type { RivalJob } from '../support/rival-worker.ts'
import { contents } from '../support/world.ts'
import { aPlace, type Ground, LIMIT, type Place } from './place.ts'

const RIVALS = 3
const IDS = Array.from({ length: 10 }, (_, i) => `new-${i}`)
const TIMES = 6

export function sameId(ground: Ground): void {
  describe('a run id that several processes fork at once', () => {
    const open = aPlace(ground, 'same-id')

    test('goes to exactly one of them', LIMIT, async () => {
      const place = await open()
      const rivals = start(place, { once: IDS })
      for (let turn = 1; turn <= IDS.length; turn++) {
        await Promise.all(rivals.map(rival => rival.hears('ready', turn)))
        for (const rival of rivals) rival.tell('go')
      }
      const tried = await Promise.all(rivals.map(rival => rival.hears('tried')))
      assert.deepEqual(tried.flatMap(({ ids }) => ids as string[]).sort(), IDS)
      await Promise.all(rivals.map(rival => rival.succeeds()))
      assert.deepEqual(Object.keys(await contents(place.parent)).length, IDS.length)
    })
  })

  describe('a run id that several processes use again and again', () => {
    const open = aPlace(ground, 'id-again')

    test('is had by each of them in the end', LIMIT, async () => {
      const place = await open()
      const rivals = start(place, { once: [], again: { id: 'nightly', times: TIMES } })
      await Promise.all(rivals.map(rival => rival.succeeds()))
      assert.equal(Object.keys(await contents(place.parent)).length, RIVALS * TIMES)
    })
  })
}

function start({ url, fleet }: Place, job: Pick<RivalJob, 'once' | 'again'>): Member[] {
  return Array.from({ length: RIVALS }, (_, i) => fleet.start('rival-worker', { ...job, url, name: `rival-${i}` }))
}
