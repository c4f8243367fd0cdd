// A process that sweeps until it was stopped in the midst of one, while it had taken over a run that its owner left.
import { setTimeout as sleep } from 'node:timers/promises'
import { openStore } from '../../lib/runlet.ts'
import { fastClock } from './fast-clock.ts'
import { type StopsAt, stopAt } from './stop-at.ts'
import { done, jobOf } from './worker.ts'

export interface SweeperJob {
  readonly url: string
  readonly speed: number
  readonly stopsAt: StopsAt
}

const { url, speed, stopsAt } = jobOf<SweeperJob>()
const wasStopped = stopAt(stopsAt)
const store = await openStore(url, { ambient: fastClock(speed) })
while (!wasStopped()) {
  await store.sweep({})
  await sleep(50)
}
await store.close()
done()
