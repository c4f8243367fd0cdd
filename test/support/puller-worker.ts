// A process that pulls into a working copy until it is told to stop, while others change both sides. It may be killed anywhere; or it
// kills itself some time after it has got the turn at the copy.
import { randomInt } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LeaseEvent } from '../../lib/events.ts'
import { openStore } from '../../lib/runlet.ts'
import { fastClock } from './fast-clock.ts'
import { done, jobOf, say, startingAgain, told } from './worker.ts'

export interface PullerJob {
  readonly url: string
  readonly directory: string
  readonly speed: number
  /** The turn that it does not outlive: it dies at most so long after it began. */
  readonly dieAt?: { readonly turn: number; readonly withinMs: number }
}

const { url, directory, speed, dieAt } = jobOf<PullerJob>()
let stopped = false
void told('stop').then(() => {
  stopped = true
})
if (dieAt) dieIn(dieAt)
const store = await openStore(url, { ambient: fastClock(speed) })
const copy = await (await store.namespace('p')).workingCopy(directory)
do {
  const startedAt = performance.now()
  const { seq } = await startingAgain(() => copy.pull())
  await say('pulled', { seq, ms: performance.now() - startedAt })
  await sleep(randomInt(20))
} while (!stopped)
await copy.dispose()
await store.close()
done()

function dieIn({ turn, withinMs }: NonNullable<PullerJob['dieAt']>): void {
  let turns = 0
  subscribe('runlet:lease', event => {
    const { lease, what } = event as LeaseEvent
    if (lease !== 'working copy' || (what !== 'acquired' && what !== 'taken-over')) return
    turns += 1
    if (turns !== turn) return
    if (withinMs === 0) process.kill(process.pid, 'SIGKILL')
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), randomInt(withinMs))
  })
}
