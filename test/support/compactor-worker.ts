// A process that compacts a namespace again and again, with writes of its own in between that bring on upkeep in the background. It
// may be killed anywhere; or it kills or stops itself at the end of a chosen request of a compaction.

import { randomInt } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LeaseEvent } from '../../lib/events.ts'
import { openBounded } from './bounded.ts'
import { fastClock } from './fast-clock.ts'
import { openJournal } from './journal.ts'
import { type StopsAt, stopAt } from './stop-at.ts'
import { tellingValue } from './telling-value.ts'
import { done, jobOf, say, startingAgain } from './worker.ts'

export interface CompactorJob {
  readonly url: string
  readonly journal: string
  readonly name: string
  readonly speed: number
  /** The request of a compaction, counted from when it has its lease, whose end it does not outlive. */
  readonly dieAt?: number
  readonly stopsAt?: StopsAt
  /** Ends once it has compacted something. */
  readonly once?: boolean
}

export interface CompactorNote {
  readonly step: 'holds' | 'released' | 'compacted' | 'begun' | 'done'
  readonly name: string
  /** That it holds the lease, which another one had not given back. */
  readonly isTakenOver?: boolean
  /** Of what it puts. */
  readonly path?: string
}

const { url, journal, name, speed, dieAt, stopsAt, once } = jobOf<CompactorJob>()
const note = openJournal<CompactorNote>(journal)
let holding = false
subscribe('runlet:lease', event => {
  const { lease, what } = event as LeaseEvent
  if (lease !== 'compact' || what === 'renewed' || what === 'waiting') return
  holding = what === 'acquired' || what === 'taken-over'
  note({ step: holding ? 'holds' : 'released', name, isTakenOver: what === 'taken-over' })
})
if (dieAt !== undefined) dieIn(dieAt)
if (stopsAt) stopAt(stopsAt)

const { namespace, close } = await openBounded(url, fastClock(speed))
for (let round = 0; ; round++) {
  const { merged } = await startingAgain(() => namespace.compact())
  if (merged > 0) {
    note({ step: 'compacted', name })
    await say('compacted')
    if (once) break
  }
  const path = `by-compactors/${name}-${round}`
  note({ step: 'begun', name, path })
  await namespace.put(path, tellingValue(path, 'own'))
  note({ step: 'done', name, path })
  if (round % 3 === 2) await namespace.idle()
  await sleep(randomInt(40))
}
await close()
done()

function dieIn(request: number): void {
  let requests = 0
  subscribe('runlet:request', () => {
    requests = holding ? requests + 1 : 0
    if (requests === request) process.kill(process.pid, 'SIGKILL')
  })
}
