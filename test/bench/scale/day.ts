// A part of a day with so many runs: they begin by chance and in bursts, write 24 files of one KiB with pauses between, and are folded, each
// by a process of its own; pollers write to the parent itself; a sweep goes on twice an hour. One run of a hundred dies on its way.
import { type Meter, metered } from '../../../lib/store/metered-store.ts'
import { runPaths } from '../index/history.ts'
import { kibibyte } from '../parents.ts'
import { arrivalsOf } from './arrivals.ts'
import type { Base } from './base.ts'
import type { HeadSample } from './head-sample.ts'
import { ROWS } from './size.ts'
import { type Spread, spreadOf } from './spread.ts'
import { PARENT, ScaleWorld } from './world.ts'

export interface Day {
  readonly runsADay: number
  /** How much of it: operations that begin in the first part of this are not counted. */
  readonly forMs: number
  readonly roundTripMs: number
  readonly writesASecond: number | undefined
}

const OPERATIONS = ['fork', 'put', 'fold', 'poller'] as const
export type OperationName = (typeof OPERATIONS)[number]

export interface OperationResult {
  readonly ms: Spread
  /** Of those that began early, and late: the same, unless work piles up. */
  readonly early: Spread
  readonly late: Spread
  readonly requests: Spread
}

export interface SweepResult {
  readonly at: number
  readonly ms: number
  readonly requests: number
  readonly removed: number
}

export interface DayResult extends Day {
  readonly runs: number
  readonly failures: readonly string[]
  /** Runs that had not ended so long after the last one began. */
  readonly unfinished: number
  readonly operations: Record<OperationName, OperationResult>
  readonly batch: Spread
  readonly headBytes: Spread
  readonly fileLayers: Spread
  readonly waitingRows: Spread
  readonly longestQueue: number
  readonly throttled: number
  readonly requestsARun: number
  /** Of upkeep in the background, of all processes. */
  readonly upkeepARun: number
  readonly bytesARun: number
  readonly openRuns: Spread
  readonly listing: { readonly runs: number; readonly requests: number; readonly ms: number }
  readonly sweeps: readonly SweepResult[]
}

const WARM_UP = 1 / 5
const PAUSE_MS = { least: 2_000, most: 8_000 }
const DEAD_PART = 1 / 100
const POLLERS = 13
const POLLER_MS = { least: 60_000, most: 180_000 }
const SWEEP_MS = 1_800_000
/** What has not ended so long after the last run began never will, or nearly. */
const PATIENCE_MS = 900_000

export function measureDay(base: Base, given: Day): Promise<DayResult> {
  return new DayUnderway(base, given).run()
}

interface Timed {
  readonly at: number
  readonly ms: number
  readonly requests: number
}

class DayUnderway {
  readonly #given: Day
  readonly #world: ScaleWorld
  readonly #random: () => number
  readonly #timed: Record<OperationName, Timed[]> = { fork: [], put: [], fold: [], poller: [] }
  readonly #batches: number[] = []
  readonly #open: number[] = []
  readonly #failures: string[] = []
  readonly #sweeps: SweepResult[] = []
  #openRuns = 0
  #begun = 0
  #own = 0

  constructor(base: Base, given: Day) {
    this.#given = given
    this.#world = new ScaleWorld({ ...given, base })
    this.#random = this.#world.time.ambient().random
  }

  async run(): Promise<DayResult> {
    return this.#result(await this.#world.run(() => this.#pass()))
  }

  async #pass(): Promise<Pick<DayResult, 'listing' | 'unfinished'>> {
    const { forMs } = this.#given
    const pollers = Array.from({ length: POLLERS }, () => this.#pollUntil(forMs))
    const sweeping = this.#sweepUntil(forMs)
    const runs: Promise<void>[] = []
    for (const arrival of arrivalsOf(this.#given, this.#random)) {
      await this.#world.sleep(arrival.at - this.#world.time.elapsed)
      const pauses = runPauses(this.#random)
      for (let i = 0; i < arrival.runs; i++) runs.push(this.#aRun(pauses))
      this.#open.push(this.#openRuns)
    }
    const listing = await this.#listRuns()
    await Promise.race([Promise.all([...runs, ...pollers, sweeping]), this.#world.sleep(PATIENCE_MS)])
    return { listing, unfinished: this.#openRuns }
  }

  async #aRun(pauses: readonly number[]): Promise<void> {
    const id = `run-${this.#begun++}`
    const dies = this.#random() < DEAD_PART
    const { store, kill } = this.#world.process()
    this.#openRuns += 1
    try {
      const parent = await store.namespace(PARENT, { assumeExists: true })
      const run = await this.#time('fork', () => parent.fork(id, { onError: 'discard' }))
      for (const [i, path] of runPaths(ROWS, id).entries()) {
        await this.#world.sleep(pauses[i] ?? 0)
        if (dies && i === 12) return kill()
        await this.#time('put', () => run.put(path, kibibyte(i)))
      }
      const { batchSize } = await this.#time('fold', () => run.fold())
      this.#batches.push(batchSize)
      await store.close()
    } catch (error) {
      this.#failures.push(String(error))
    } finally {
      this.#openRuns -= 1
    }
  }

  async #pollUntil(end: number): Promise<void> {
    for (let i = 0; ; i++) {
      await this.#world.sleep(between(POLLER_MS, this.#random))
      if (this.#world.time.elapsed >= end) return
      const { store } = this.#world.process()
      const parent = await store.namespace(PARENT, { assumeExists: true })
      const path = `polled/${Math.floor(this.#random() * 1000)}/${i}`
      await this.#time('poller', () => parent.put(path, kibibyte(i))).catch(error => this.#failures.push(String(error)))
      await store.close()
    }
  }

  async #sweepUntil(end: number): Promise<void> {
    for (let at = SWEEP_MS / 12; at < end; at += SWEEP_MS) {
      await this.#world.sleep(at - this.#world.time.elapsed)
      const { store } = this.#world.process()
      const { value, ms } = await this.#world.clock(() => store.sweep())
      const { requests, removed } = value
      this.#sweeps.push({ at, ms, requests, removed: removed.objects })
      this.#own += requests
    }
  }

  async #listRuns(): Promise<DayResult['listing']> {
    const parent = await this.#world.process().store.namespace(PARENT)
    const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
    const { value, ms } = await this.#world.clock(() => metered(meter, () => parent.runs()))
    return { runs: value.length, requests: meter.requests, ms }
  }

  async #time<T>(operation: OperationName, work: () => Promise<T>): Promise<T> {
    const at = this.#world.time.elapsed
    const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
    const { value, ms } = await this.#world.clock(() => metered(meter, work))
    const requests = operation === 'fold' ? (value as { requests: number }).requests : meter.requests
    this.#own += requests
    this.#timed[operation].push({ at, ms, requests })
    return value
  }

  #result(more: Pick<DayResult, 'listing' | 'unfinished'>): DayResult {
    const { heads, requests, bytesUp, bytesDown, longestQueue, throttled } = this.#world.tally
    const { forMs } = this.#given
    const warm = heads.filter(({ at }) => at >= forMs * WARM_UP)
    const of = (read: (head: HeadSample) => number) => spreadOf(warm.map(read))
    const operations = OPERATIONS.map(name => [name, resultOf(this.#timed[name], forMs)] as const)
    return {
      ...this.#given,
      runs: this.#begun,
      failures: this.#failures,
      ...more,
      operations: Object.fromEntries(operations) as DayResult['operations'],
      batch: spreadOf(this.#batches),
      headBytes: of(head => head.bytes),
      fileLayers: of(head => head.fileLayers),
      waitingRows: of(head => head.waitingRows),
      longestQueue,
      throttled,
      requestsARun: requests / this.#begun,
      upkeepARun: (requests - this.#own) / this.#begun,
      bytesARun: (bytesUp + bytesDown) / this.#begun,
      openRuns: spreadOf(this.#open),
      sweeps: this.#sweeps,
    }
  }
}

function resultOf(timed: readonly Timed[], forMs: number): OperationResult {
  const warm = timed.filter(({ at }) => at >= forMs * WARM_UP)
  const middle = (forMs * (1 + WARM_UP)) / 2
  const ms = (some: readonly Timed[]) => spreadOf(some.map(one => one.ms))
  return {
    ms: ms(warm),
    early: ms(warm.filter(({ at }) => at < middle)),
    late: ms(warm.filter(({ at }) => at >= middle)),
    requests: spreadOf(warm.map(one => one.requests)),
  }
}

const FILES_A_RUN = 24
const runPauses = (random: () => number): number[] =>
  Array.from({ length: FILES_A_RUN }, () => between(PAUSE_MS, random))

const between = ({ least, most }: { least: number; most: number }, random: () => number): number =>
  least + (most - least) * random()
