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

/** Those that sleep, as a heap: the earliest to wake is taken in a few steps, however many there are. */
class Sleepers {
  private readonly heap: Sleeper[] = []
  private readonly waiting = new Set<Sleeper>()
  private inForeground = 0

  add(sleeper: Sleeper): void {
    this.waiting.add(sleeper)
    if (!sleeper.background) this.inForeground += 1
    this.heap.push(sleeper)
    this.rise(this.heap.length - 1)
  }

  /** Leaves it in the heap, to be passed over when its turn comes. */
  remove(sleeper: Sleeper): void {
    if (this.waiting.delete(sleeper) && !sleeper.background) this.inForeground -= 1
  }

  /** Undefined when nobody sleeps but in the background. */
  takeEarliest(): Sleeper | undefined {
    while (this.inForeground > 0) {
      const earliest = this.heap[0] as Sleeper
      const last = this.heap.pop() as Sleeper
      if (this.heap.length > 0) {
        this.heap[0] = last
        this.sink(0)
      }
      if (!this.waiting.has(earliest)) continue
      this.remove(earliest)
      return earliest
    }
    return undefined
  }

  private rise(at: number): void {
    for (let i = at, up = (i - 1) >> 1; i > 0 && this.isBefore(i, up); i = up, up = (i - 1) >> 1) this.swap(i, up)
  }

  private sink(at: number): void {
    for (let i = at; ; ) {
      const [left, right] = [2 * i + 1, 2 * i + 2]
      let least = i
      if (left < this.heap.length && this.isBefore(left, least)) least = left
      if (right < this.heap.length && this.isBefore(right, least)) least = right
      if (least === i) return
      this.swap(i, least)
      i = least
    }
  }

  private isBefore(i: number, j: number): boolean {
    const [a, b] = [this.heap[i] as Sleeper, this.heap[j] as Sleeper]
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  private swap(i: number, j: number): void {
    const [a, b] = [this.heap[i] as Sleeper, this.heap[j] as Sleeper]
    this.heap[i] = b
    this.heap[j] = a
  }
}

/** Starts of time, far from zero so that nothing passes by accident. */
const EPOCH = 1_700_000_000_000

export class VirtualTime {
  private time = 0
  private readonly sleepers = new Sleepers()
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
      const next = this.sleepers.takeEarliest()
      if (!next) throw new Error('deadlock: everything waits, and nothing will ever wake it')
      this.time = Math.max(this.time, next.at)
      next.wake()
    }
    return result
  }

  private sleep(
    ms: number,
    { signal, background = false }: { signal?: AbortSignal | undefined; background?: boolean },
  ) {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { at: this.time + Math.max(0, ms), order: this.order++, background, wake }
      const sleepers = this.sleepers
      sleepers.add(sleeper)
      function onAbort() {
        sleepers.remove(sleeper)
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
