// What can befall a request between a client and its store, and plans that say which request meets what. A plan that has a seed gives
// the same fates to the same order of requests.

export const FAULTS = [
  /** The connection breaks when the request has come, and the store never hears of it. */
  'cut-before',
  /** It breaks in the middle of the request's body; the store hears half of it. */
  'cut-in-request',
  /** The store does it; the connection breaks before any byte of the answer. */
  'cut-after',
  /** The store does it; the connection breaks in the middle of the answer's body, or of its header when there is no body. */
  'cut-in-answer',
  /** The store never hears of it, nothing is ever answered, and the connection stays. */
  'hang-before',
  /** The store does it, nothing is ever answered, and the connection stays. */
  'hang-after',
  /** The answer stops in its middle, and the connection stays. */
  'hang-in-answer',
  /** The store does it, and the answer is late. */
  'delay',
  /** 429 with Retry-After, nothing done. */
  'throttle-429',
  /** 503 SlowDown, nothing done. */
  'throttle-503',
  /** 500 InternalError, nothing done. */
  'error-before',
  /** 500 InternalError, and done. */
  'error-after',
  /** 502 with a page for people, from something in between, and done. */
  'gateway-after',
  /** A read is answered with what was true one write ago: an older version, a 404 for what is new, a listing without the newest keys. */
  'stale',
  /** A conditional read is answered 304, whatever the object is by now. */
  'stale-304',
] as const

export type Fault = (typeof FAULTS)[number]

/** Whether a fault can be done to such a request. */
export function canMeet(fault: Fault, { method, headers }: Passing): boolean {
  if (fault === 'cut-in-request') return Number(headers['content-length'] ?? 0) > 1
  if (fault === 'stale') return method === 'GET' || method === 'HEAD'
  if (fault === 'stale-304') return method === 'GET' && headers['if-none-match'] !== undefined
  return true
}

/** Faults after which a store has lied about its state: more than its promises allow. */
export const LIES: readonly Fault[] = ['stale', 'stale-304']

/** What a plan may look at. */
export interface Passing {
  /** Counted from 1. */
  readonly index: number
  readonly method: string
  /** Without the bucket; empty for a listing and a batch delete. */
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export type Plan = (passing: Passing) => Fault | undefined

export const CALM: Plan = () => undefined

/** The n-th request meets the fault, and no other. */
export const atRequest =
  (n: number, fault: Fault): Plan =>
  ({ index }) =>
    index === n ? fault : undefined

/** Every request meets one of the faults with this probability. */
export function atRate(seed: number, rate: number, faults: readonly Fault[]): Plan {
  const random = randomFrom(seed)
  return () => {
    const [whether, which] = [random(), random()]
    return whether < rate ? faults[Math.floor(which * faults.length)] : undefined
  }
}

/** Mulberry32: small, and good enough to scatter faults. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
