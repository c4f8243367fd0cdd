// From a seed to the parameters of a simulation: how many processes, in what weather, with what clocks. Nothing else is drawn from
// the seed directly, so a plan can be looked at, and changed by hand to reduce a failure.
import { DEFAULT_BOUNDS, type IndexBounds } from '../../lib/namespace/index-store.ts'
import { Random } from './random.ts'

/** What befalls processes and requests; chances are for each request, sleep or answer. */
export interface Climate {
  /** A request is on its way for so long at most, each way. */
  readonly delayMs: number
  /** It takes seconds. */
  readonly slow: number
  /** The connection is cut before the effect, or after it. */
  readonly lose: number
  /** The network is down for a while, and most requests are lost. */
  readonly outage: number
  /** The client gives up, and the request takes effect later. */
  readonly late: number
  readonly throttle: number
  /** The process dies. */
  readonly kill: number
  /** The process stops: for longer than its leases live, or for hours. */
  readonly pause: number
}

export interface Clock {
  /** How wrong its wall clock is. */
  readonly skewMs: number
  /** How many of its milliseconds pass in one. */
  readonly rate: number
  /** Its monotonic clock stands still while it is paused, as on a Mac that sleeps. */
  readonly stopsInPauses: boolean
}

export interface Plan {
  readonly seed: number
  readonly climate: Climate
  readonly clocks: readonly Clock[]
  /** How many steps each process makes. */
  readonly steps: number
  /** Of the index files that the parent's writers make: small ones, so that a few hundred rows fill shards and nodes. */
  readonly bounds: IndexBounds
  /** How many paths the root holds to begin with. */
  readonly rows: number
  /** How far one process's steps lie apart. */
  readonly restMs: number
  readonly graceMs: number
}

export const CALM: Climate = { delayMs: 20, slow: 0, lose: 0, outage: 0, late: 0, throttle: 0, kill: 0, pause: 0 }
const CLIMATES = {
  calm: CALM,
  lossy: { ...CALM, delayMs: 60, slow: 0.01, lose: 0.012, outage: 0.004, late: 0.004, throttle: 0.01 },
  deadly: { ...CALM, slow: 0.005, lose: 0.002, late: 0.002, kill: 0.006 },
  sleepy: { ...CALM, slow: 0.005, lose: 0.002, pause: 0.004 },
  stormy: {
    delayMs: 40,
    slow: 0.01,
    lose: 0.006,
    outage: 0.001,
    late: 0.004,
    throttle: 0.005,
    kill: 0.003,
    pause: 0.002,
  },
} as const satisfies Record<string, Climate>

export const RIGHT_CLOCK: Clock = { skewMs: 0, rate: 1, stopsInPauses: false }

/** All processes together make about so many steps: what a few seconds of a core allow for a dozen seeds. */
const STEPS = 30
const HOUR = 3_600_000

export function planFor(seed: number): Plan {
  const random = new Random(seed)
  const climate = CLIMATES[random.weighted({ calm: 2, lossy: 3, deadly: 3, sleepy: 3, stormy: 3 })]
  const processes = 2 + random.below(7)
  const maxRows = [6, 24, DEFAULT_BOUNDS.maxRows][random.below(3)] as number
  const bounds = { ...DEFAULT_BOUNDS, maxRows, ...(maxRows < 100 && { maxRefs: 8 }) }
  return {
    seed,
    climate,
    clocks: Array.from({ length: processes }, () => clockFrom(random)),
    steps: Math.ceil(STEPS / processes),
    bounds,
    rows: random.chance(0.5) ? 10 + random.below(110) : 0,
    restMs: [50, 1_000, 60_000][random.below(3)] as number,
    graceMs: random.chance(0.5) ? HOUR : HOUR / 12,
  }
}

function clockFrom(random: Random): Clock {
  const wrongBy = random.weighted({ seconds: 3, minutes: 3, days: 1 })
  const most = { seconds: 2_000, minutes: HOUR, days: 72 * HOUR }[wrongBy]
  return {
    skewMs: Math.round(random.between(-most, most)),
    rate: random.between(0.995, 1.005),
    stopsInPauses: random.chance(0.5),
  }
}
