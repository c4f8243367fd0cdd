// One life of a simulated process: its clocks, its sleeps, its pauses and its death. Everything that a process waits for passes
// through `passing`: there it can die, or stop for hours, so that both happen at every await of the protocol code.
// A paused process runs no code; what it had sent goes on without it.
import type { Ambient } from '../../lib/ambient.ts'
import type { VirtualTime } from '../support/virtual-time.ts'
import type { Climate, Clock } from './plan.ts'
import type { Random } from './random.ts'

type Hazards = Pick<Climate, 'kill' | 'pause'>

/** Wakes a little early for want of binary fractions must not make a loop. */
const EPSILON_MS = 0.001

export class Life {
  /** Resolves when it was killed. */
  readonly died: Promise<void>
  readonly ambient: Ambient
  /** For how long it was paused, all in all. */
  pausedMs = 0
  private readonly time: VirtualTime
  private readonly random: Random
  private readonly rate: number
  private readonly stopsInPauses: boolean
  private readonly hazards: Hazards
  private skewMs: number
  private pausedSince: number | undefined
  private awake: Promise<void> = Promise.resolve()
  private dead = false
  private stop: { left: number; readonly ms: number; readonly onStop: () => void } | undefined
  private die = () => {}

  constructor(time: VirtualTime, clock: Clock, { random, hazards }: { random: Random; hazards: Hazards }) {
    this.time = time
    this.random = random
    this.rate = clock.rate
    this.skewMs = clock.skewMs
    this.stopsInPauses = clock.stopsInPauses
    this.hazards = hazards
    this.died = new Promise(resolve => {
      this.die = resolve
    })
    this.ambient = {
      now: () => time.ambient().now() + this.skewMs + time.elapsed * (this.rate - 1),
      monotonic: () => this.monotonic(),
      sleep: (ms, options) => this.sleep(ms, options),
      random: () => random.next(),
      randomId: () => Array.from({ length: 16 }, () => random.below(36).toString(36)).join(''),
    }
  }

  /** Every await of the process comes by here. */
  async passing(): Promise<void> {
    if (!this.dead && this.pausedSince === undefined) {
      if (this.stop && --this.stop.left <= 0) this.stopNow(this.stop)
      else if (this.random.chance(this.hazards.kill)) this.kill()
      else if (this.random.chance(this.hazards.pause)) this.pause(this.pauseMs())
    }
    await this.going()
  }

  /** Pauses the process for so long when it comes by for the `count`-th time from now, and tells of it. */
  stopsAt(count: number, ms: number, onStop: () => void): void {
    this.stop = { left: count, ms, onStop }
  }

  kill(): void {
    this.dead = true
    this.die()
  }

  get isPaused(): boolean {
    return this.pausedSince !== undefined
  }

  private async going(): Promise<void> {
    while (this.pausedSince !== undefined) await this.awake
    if (this.dead) await new Promise<never>(() => undefined)
  }

  /** For longer than a lease lives; now and then for longer than the grace period. */
  private pauseMs(): number {
    return this.random.chance(0.3) ? this.random.between(600_000, 6 * 3_600_000) : this.random.between(2_000, 60_000)
  }

  private stopNow({ ms, onStop }: { readonly ms: number; readonly onStop: () => void }): void {
    this.stop = undefined
    this.pause(ms)
    onStop()
  }

  private pause(ms: number): void {
    this.pausedSince = this.time.elapsed
    this.awake = this.time
      .ambient()
      .sleep(ms)
      .then(() => {
        this.pausedMs += ms
        this.pausedSince = undefined
        // Whoever wakes may find its clock set right, or wrong.
        if (this.random.chance(0.3)) this.skewMs += this.random.between(-600_000, 600_000)
      })
  }

  private monotonic(): number {
    if (!this.stopsInPauses) return this.time.elapsed * this.rate
    return ((this.pausedSince ?? this.time.elapsed) - this.pausedMs) * this.rate
  }

  private async sleep(
    ms: number,
    options: { signal?: AbortSignal | undefined; background?: boolean } = {},
  ): Promise<void> {
    const until = this.monotonic() + Math.max(0, ms)
    do {
      await this.time.ambient().sleep((until - this.monotonic()) / this.rate, options)
      await this.passing()
    } while (this.monotonic() < until - EPSILON_MS)
  }
}
