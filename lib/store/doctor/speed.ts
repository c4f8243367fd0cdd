// How fast the store answers, and how often one key can be swapped: what a put and a fold will cost there. All of it is advice.
import { Register } from '../register.ts'
import { type Bench, bytes, type Finding, fails, holds, type Probe } from './probe.ts'
import { tallySchema } from './task.ts'

const SLOW_MS = 500
const TRIES = 15
/** Tries go on for so long at most, though there be at least three. */
const TRIES_MS = 3_000
const MIN_TRIES = 3
/** A fold alone does so many of either, one after the other (test/bench). */
const OF_A_FOLD = { puts: 4, gets: 3 }

export const roundTrip: Probe = {
  name: 'round trip',
  severity: 'advice',
  without: 'every commit takes at least as long as a put',
  async run(bench) {
    const key = bench.key('round-trip')
    let { etag } = await bench.store.put(key, bytes('ping'))
    // A put into a namespace is a compare-and-swap, for which some stores take longer than for a plain put.
    const put = await timesOf(bench, async i => {
      const condition = { ifMatch: etag }
      etag = (await bench.store.put(key, bytes(`ping ${i} ${'x'.repeat(1024)}`), { condition })).etag
    })
    const get = await timesOf(bench, () => bench.store.get(key))
    const fold = OF_A_FOLD.puts * put.median + OF_A_FOLD.gets * get.median
    const figures = { putMs: put.median, worstPutMs: put.worst, getMs: get.median, worstGetMs: get.worst }
    const said = `put ${ms(put)}, get ${ms(get)}; a fold takes ${Math.ceil(fold)} ms or more`
    if (Math.max(put.median, get.median) <= SLOW_MS) return holds(said, figures)
    return fails(said, 'Use a bucket in a region nearer to this machine', figures)
  },
}

const RATE_MS = 2_000
const MAX_SWAPS = 100
const FEW = 2

export const writeRate: Probe = {
  name: 'write rate to one key',
  severity: 'advice',
  without: 'direct writes to one namespace, and folds into it, wait for one another (those that meet share a swap)',
  async run(bench) {
    const { ambient, store } = bench
    const register = new Register(store, bench.key('rate'), tallySchema, ambient)
    let version = await register.swap(undefined, { done: [] })
    const startedAt = ambient.monotonic()
    let swaps = 0
    while (version.won && swaps < MAX_SWAPS && ambient.monotonic() - startedAt < RATE_MS) {
      version = await register.swap(version.version, { done: [] })
      swaps++
    }
    return judgeRate((swaps * 1000) / Math.max(1, ambient.monotonic() - startedAt))
  },
}

function judgeRate(perSecond: number): Finding {
  const rate = perSecond < 10 ? perSecond.toFixed(1) : perSecond.toFixed(0)
  const figures = { swapsPerSecond: Number(rate) }
  const said = `${rate} swaps a second, each a direct write or a fold; those that meet share one (100 folds: about 3)`
  if (perSecond >= FEW) return holds(said, figures)
  return fails(
    `${rate} swaps a second`,
    'Nothing, if runs are folded now and then; else write several paths in one commit, and let writers work in runs of their own',
    figures,
  )
}

interface Times {
  readonly median: number
  readonly worst: number
}

async function timesOf({ ambient }: Bench, request: (i: number) => Promise<unknown>): Promise<Times> {
  const taken: number[] = []
  const until = ambient.monotonic() + TRIES_MS
  for (let i = 0; i < MIN_TRIES || (i < TRIES && ambient.monotonic() < until); i++) {
    const startedAt = ambient.monotonic()
    await request(i)
    taken.push(ambient.monotonic() - startedAt)
  }
  taken.sort((a, b) => a - b)
  return { median: tenths(taken[taken.length >> 1]), worst: tenths(taken.at(-1)) }
}

const tenths = (value = 0): number => Math.round(value * 10) / 10
const ms = ({ median, worst }: Times): string => `${short(median)} ms (worst ${short(worst)})`
const short = (value: number): string => value.toFixed(value < 10 ? 1 : 0)
