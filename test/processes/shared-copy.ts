// Two processes that use one working copy: they take turns, and when one is killed in its turn, the other goes on once that has run
// out (G6), with all that both of them did.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { filesIn } from '../support/folder.ts'
import { readJournals } from '../support/journal.ts'
import type { PullerJob } from '../support/puller-worker.ts'
import type { PusherJob, PusherNote } from '../support/pusher-worker.ts'
import { contents } from '../support/world.ts'
import { aPlace, type Ground, LIMIT, type Place } from './place.ts'

/** A turn lives for 20 s, so that a dead one's is over after one. */
const SPEED = 20
const TURN_MS = 20_000 / SPEED
/** What a busy machine adds; less than a turn by the real clock. */
const SLACK_MS = 15_000

export function sharedCopy(ground: Ground): void {
  describe('two processes that use one working copy, of which one is killed in its turn', () => {
    const open = aPlace(ground, 'shared-copy')
    let place: Place
    let notes: PusherNote[]

    before(async () => {
      place = await open()
      await place.parent.put('before', 'before')
      const pusher = start(place)
      await pusher.hears('pushing', 2)
      const puller = kill(place)
      assert.equal((await puller.ended).by, 'SIGKILL')
      pusher.tell('stop')
      await pusher.succeeds()
      notes = await readJournals<PusherNote>(place.folder)
    }, LIMIT)

    test('the other waits until the turn has run out, and goes on', t => {
      const slowest = Math.max(...notes.map(({ ms = 0 }) => ms))
      t.diagnostic(`slowest push ${Math.round(slowest)} ms`)
      assert.ok(slowest > TURN_MS / 2, `no push had to wait: the slowest took ${slowest} ms`)
      assert.ok(slowest < TURN_MS + SLACK_MS, `a push took ${slowest} ms`)
      const count = (asked: PusherNote['step']) => notes.filter(({ step }) => step === asked).length
      assert.equal(count('pushed'), count('pushing'))
    })

    test('what both did is there', async () => {
      const found = await contents(place.parent)
      assert.deepEqual(found, Object.fromEntries(await filesIn(directoryOf(place))))
      assert.equal(found.before, 'before')
    })
  })
}

const directoryOf = ({ folder }: Place): string => join(folder, '..', 'copy')

function start(place: Place) {
  const job: PusherJob = {
    url: place.url,
    journal: join(place.folder, 'pusher'),
    directory: directoryOf(place),
    aside: join(place.folder, '..', 'aside', 'pusher'),
    from: 0,
    speed: SPEED,
  }
  return place.fleet.start('pusher-worker', job)
}

function kill(place: Place) {
  const job: PullerJob = {
    url: place.url,
    directory: directoryOf(place),
    speed: SPEED,
    dieAt: { turn: 1, withinMs: 0 },
  }
  return place.fleet.start('puller-worker', job)
}
