// Time: the store's clock and how long it takes to answer. No correctness rests on either, so all of it is advice.
import { StoreError } from '../../errors.ts'
import { type Bench, bytes, fails, holds, type Probe } from './probe.ts'

const MAX_CLOCK_DIFFERENCE_MS = 5 * 60_000
/** Both of a store's times may be cut to whole seconds. */
const MAX_OWN_DIFFERENCE_MS = 2_000
const SLOW_MS = 500
const GETS = 7

/** One write and the read after it: the store's times, and ours around them. */
async function readTimes({ store, ambient, key }: Bench) {
  const name = key('clock')
  const startedAt = ambient.monotonic()
  await store.put(name, bytes('tick'))
  const before = ambient.now()
  const answer = await store.get(name)
  const now = (before + ambient.now()) / 2
  if (answer.status !== 'found') throw new StoreError('get', name, `the object just put is ${answer.status}`)
  const { lastModified, serverTime } = answer
  return { lastModified, serverTime, now, tookMs: ambient.monotonic() - startedAt }
}

export const clock: Probe = {
  name: "the store's clock and ours",
  severity: 'advice',
  without: 'the times that `runlet locks` and `runlet log` show mislead people (leases do not compare clocks)',
  async run(bench) {
    const { serverTime, now } = await readTimes(bench)
    const difference = serverTime - now
    const seconds = Math.round(Math.abs(difference) / 1000)
    const said = `this machine's clock is ${seconds} s ${difference > 0 ? 'behind' : 'ahead of'} the store's`
    if (Math.abs(difference) <= MAX_CLOCK_DIFFERENCE_MS) return holds(said)
    return fails(said, "Set this machine's clock (NTP)")
  },
}

export const ownClocks: Probe = {
  name: "the store's clocks",
  severity: 'advice',
  without: 'a lease can seem to be run out, or alive, for that much longer than it is',
  async run(bench) {
    const { serverTime, lastModified, tookMs } = await readTimes(bench)
    const ageMs = serverTime - lastModified
    const seconds = (ms: number) => `${Math.round(ms / 1000)} s`
    if (ageMs > tookMs + MAX_OWN_DIFFERENCE_MS || ageMs < -MAX_OWN_DIFFERENCE_MS) {
      const remedy = "Synchronise the clocks of the store's machines, and of a proxy before it (NTP)"
      return fails(`an object put ${seconds(tookMs)} ago was called ${seconds(ageMs)} old`, remedy)
    }
    return holds('the time of an answer and the time of a write are by the same clock')
  },
}

export const roundTrip: Probe = {
  name: 'round trip',
  severity: 'advice',
  without: 'every commit takes at least that long',
  async run({ store, ambient, key }) {
    const name = key('round-trip')
    await store.put(name, bytes('ping'))
    const times: number[] = []
    for (let i = 0; i < GETS; i++) {
      const startedAt = ambient.monotonic()
      await store.get(name)
      times.push(ambient.monotonic() - startedAt)
    }
    const median = times.sort((a, b) => a - b)[GETS >> 1] ?? 0
    const said = `a get takes ${median.toFixed(median < 10 ? 1 : 0)} ms (median of ${GETS})`
    return median > SLOW_MS ? fails(said, 'Use a bucket in a region nearer to this machine') : holds(said)
  },
}
