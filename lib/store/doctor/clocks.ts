// The clocks: the store's beside ours, and the two times that a store tells beside one another. Leases are judged by the latter (a
// store's Date minus its Last-Modified), never by the former. No correctness rests on either, so all of it is advice.
import { StoreError } from '../../errors.ts'
import { type Bench, bytes, type Finding, fails, holds, type Probe } from './probe.ts'

const MAX_CLOCK_DIFFERENCE_MS = 5 * 60_000
/** Both of a store's times may be cut to whole seconds. */
const MAX_OWN_DIFFERENCE_MS = 2_000
/** After so long a time that stands still can be told from one that was cut. */
const OVERWRITTEN_AFTER_MS = 3_100

/** One write and the read after it: the store's times, and ours around them. */
async function readTimes({ store, ambient }: Bench, key: string) {
  const startedAt = ambient.monotonic()
  await store.put(key, bytes(`tick ${startedAt}`))
  const before = ambient.now()
  const answer = await store.get(key)
  const now = (before + ambient.now()) / 2
  if (answer.status !== 'found') throw new StoreError('get', key, `the object just put is ${answer.status}`)
  const { lastModified, serverTime } = answer
  return { lastModified, serverTime, now, tookMs: ambient.monotonic() - startedAt }
}

export const clock: Probe = {
  name: "the store's clock and ours",
  severity: 'advice',
  without: 'the times that `runlet locks` and `runlet log` show mislead people (leases do not compare clocks)',
  async run(bench) {
    const { serverTime, now } = await readTimes(bench, bench.key('clock'))
    const difference = serverTime - now
    const seconds = Math.round(Math.abs(difference) / 1000)
    // Whole seconds are all that a store tells: a difference of one is none.
    const said = seconds <= 1 ? 'they agree' : `ours is ${seconds} s ${difference > 0 ? 'behind' : 'ahead'}`
    const figures = { differenceMs: Math.round(difference) }
    if (Math.abs(difference) <= MAX_CLOCK_DIFFERENCE_MS) return holds(said, figures)
    return fails(said, "Set this machine's clock (NTP)", figures)
  },
}

export const ownClocks: Probe = {
  name: 'age of an object',
  severity: 'advice',
  without: 'a lease can seem to be run out, or alive, for that much longer than it is',
  async run(bench) {
    const key = bench.key('age')
    const first = await readTimes(bench, key)
    const problem = problemOf(first)
    // A store in this process tells the time of this process.
    if (problem || bench.store.kind !== 's3') return problem ?? agree
    await bench.ambient.sleep(OVERWRITTEN_AFTER_MS + 2 * first.tookMs)
    return problemOf(await readTimes(bench, key)) ?? agree
  },
}

const agree = holds('Date and Last-Modified are by the same clock, and follow each write')

function problemOf({ serverTime, lastModified, tookMs }: Awaited<ReturnType<typeof readTimes>>): Finding | undefined {
  const ageMs = serverTime - lastModified
  if (ageMs <= tookMs + MAX_OWN_DIFFERENCE_MS && ageMs >= -MAX_OWN_DIFFERENCE_MS) return undefined
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`
  const remedy = "Synchronise the clocks of the store's machines, and of a proxy before it (NTP)"
  return fails(`an object put ${seconds(tookMs)} ago was called ${seconds(ageMs)} old`, remedy)
}
