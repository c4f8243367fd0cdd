// A process that puts without a pause, so that several of them contend for the head and one leads for all (lib/namespace/leading.ts). It
// notes what it was told, goes on until it is told to stop, and stops itself when it is the leader, if that is its job.
import { subscribe } from 'node:diagnostics_channel'
import type { LeaseEvent } from '../../lib/events.ts'
import { openStore } from '../../lib/runlet.ts'
import { fastClock } from './fast-clock.ts'
import { openJournal } from './journal.ts'
import { type StopsAt, stopAt } from './stop-at.ts'
import { done, jobOf, say, told } from './worker.ts'

export interface ContenderJob {
  readonly url: string
  readonly journal: string
  readonly name: string
  readonly speed: number
  readonly stopsAt?: StopsAt
}

/** A put that it was told of: its message and its path. */
export interface ContenderNote {
  readonly id: string
}

const { url, journal, name, speed, stopsAt } = jobOf<ContenderJob>()
const note = openJournal<ContenderNote>(journal)
if (stopsAt) stopAt(stopsAt)
subscribe('runlet:lease', event => {
  const { lease, what } = event as LeaseEvent
  if (lease === 'merge' && what === 'taken-over') void say('took over')
})
const store = await openStore(url, { ambient: fastClock(speed) })
const namespace = await store.namespace('p')
let stopped = false
void told('stop').then(() => {
  stopped = true
})
for (let round = 0; !stopped; round++) {
  const id = `${name}/${round % 5}/${round}`
  await namespace.commit(tx => tx.put(id, id), { message: id })
  note({ id })
  await say('wrote')
}
await store.close()
done()
