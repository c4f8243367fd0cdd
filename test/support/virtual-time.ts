// A clock that jumps: when nothing more can happen at this moment, time moves on to the next sleeper. The same program with the
// same seed takes the same course, and an hour costs nothing. Everything in it must be promises on this clock: no real I/O.
import type { Ambient } from '../../lib/ambient.ts'
import { later } from '../../lib/later.ts'

// To load a part of the library is real I/O: this clock would not wait for it.
await Promise.all(Object.values(later).map(load => load()))

interface Sleeper {
  readonly at: number
  readonly order: number
  readonly background: boolean
  readonly wake: () => void
}

/** Starts of time, far from zero so that nothing passes by accident. */
const EPOCH = 1_700_000_000_000

export class VirtualTime {
  private time = 0
  private sleepers: Sleeper[] = []
  private order = 0
  private state: number

  constructor(seed = 1) {
    this.state = seed >>> 0 || 1
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.time
  }

  /** The ambient of one simulated process; its wall clock may be wrong by `skewMs`. */
  ambient(skewMs = 0): Ambient {
    return {
      now: () => EPOCH + this.time + skewMs,
      monotonic: () => this.time,
      sleep: (ms, options = {}) => this.sleep(ms, options),
      random: () => this.random(),
      randomId: () => Array.from({ length: 16 }, () => Math.floor(this.random() * 36).toString(36)).join(''),
    }
  }

  /** A number in [0, 1) from the seed (Marsaglia's xorshift32). */
  random(): number {
    this.state ^= this.state << 13
    this.state ^= this.state >>> 17
    this.state ^= this.state << 5
    this.state >>>= 0
    return this.state / 2 ** 32
  }

  /** Runs `work` to its end, moving time on whenever all of it waits. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    let ended = false
    const result = work().finally(() => {
      ended = true
    })
    result.catch(() => undefined)
    while (!ended) {
      await new Promise(resolve => setImmediate(resolve))
      if (ended) break
      const next = this.earliest()
      if (!next) throw new Error('deadlock: everything waits, and nothing will ever wake it')
      this.sleepers.splice(this.sleepers.indexOf(next), 1)
      this.time = Math.max(this.time, next.at)
      next.wake()
    }
    return result
  }

  private earliest(): Sleeper | undefined {
    let least: Sleeper | undefined
    for (const one of this.sleepers) {
      if (!least || one.at < least.at || (one.at === least.at && one.order < least.order)) least = one
    }
    return this.sleepers.some(one => !one.background) ? least : undefined
  }

  private sleep(
    ms: number,
    { signal, background = false }: { signal?: AbortSignal | undefined; background?: boolean },
  ) {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { at: this.time + Math.max(0, ms), order: this.order++, background, wake }
      const sleepers = this.sleepers
      sleepers.push(sleeper)
      function onAbort() {
        const i = sleepers.indexOf(sleeper)
        if (i !== -1) sleepers.splice(i, 1)
        reject(signal?.reason)
      }
      function wake() {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
}
