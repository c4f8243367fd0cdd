// A lease that this process holds: it renews itself, and tells (by its signal) when it was lost. It carries G6 and, with the
// head's fences, G7. Losing it loses no data: its token is refused by the head, and nothing else rests on it.
// The invariant: after `signal` has aborted, or `release` was called, this process never writes the lease again.
import type { Ambient } from '../ambient.ts'
import { LeaseLostError, RunletError } from '../errors.ts'
import { type LeaseEvent, publish } from '../events.ts'
import type { Register, SwapResult, Version } from '../store/register.ts'
import { heldWith, type LeaseRecord } from './record.ts'

export class Lease {
  readonly name: string
  /** The fencing token; a later holder's is greater. */
  readonly token: number
  /** Whether the holder before had not released it. Then its token must be fenced off before this lease is relied upon. */
  readonly takenOver: boolean
  private readonly register: Register<LeaseRecord>
  private readonly ambient: Ambient
  private readonly lost = new AbortController()
  private readonly stop = new AbortController()
  private readonly acquiredAt: number
  private validUntil: number
  private version: Version<LeaseRecord>
  private renewing: Promise<void>

  constructor(
    register: Register<LeaseRecord>,
    version: Version<LeaseRecord>,
    options: { ambient: Ambient; takenOver: boolean; requestedAt: number },
  ) {
    this.register = register
    this.version = version
    this.ambient = options.ambient
    this.takenOver = options.takenOver
    this.name = version.value.name
    this.token = version.value.token
    this.acquiredAt = options.ambient.monotonic()
    this.validUntil = options.requestedAt + version.value.ttlMs
    this.renewing = this.renewForEver()
    void this.watchExpiry()
  }

  /** Aborts when the lease was lost: taken over by somebody else, or not renewed in time. */
  get signal(): AbortSignal {
    return this.lost.signal
  }

  /** How long it has been held, in milliseconds. */
  get heldMs(): number {
    return this.ambient.monotonic() - this.acquiredAt
  }

  /** @throws LeaseLostError when the lease is no longer surely ours. */
  assertHeld(): void {
    if (!this.lost.signal.aborted && this.ambient.monotonic() >= this.validUntil) this.lose()
    if (this.lost.signal.aborted) throw new LeaseLostError(this.name)
  }

  /**
   * Gives the lease up, so that the next one need not wait for its expiry. Doing it twice, or after losing it, is no error; nor
   * is it one when the store cannot be reached: then the lease expires by itself.
   */
  async release(): Promise<void> {
    if (this.stop.signal.aborted) return this.renewing
    this.stop.abort()
    await this.renewing
    if (this.lost.signal.aborted) return
    try {
      await this.giveBack()
      this.publish('released')
    } catch (error) {
      if (!(error instanceof RunletError)) throw error
      this.publish('abandoned')
    }
  }

  private async giveBack(): Promise<void> {
    const { value } = this.version
    const { heldMs } = this
    const last = { label: value.holder?.label ?? '', heldMs, waitedMs: value.waitedMs }
    const free = { ...value, holder: null, last, held: heldWith(value, { heldMs }) }
    const result = await this.register.swap(this.version, free)
    const standing = this.unanswered(result)
    if (standing) await this.register.swap(standing, free)
  }

  /** A renewal of ours whose answer was lost, and which stood after all: a swap that it made fail has not met anybody else. */
  private unanswered(result: SwapResult<LeaseRecord>): Version<LeaseRecord> | undefined {
    if (result.won || !result.current) return undefined
    return result.current.value.holder?.id === this.version.value.holder?.id ? result.current : undefined
  }

  /** Stops renewing and leaves the object as it is: for a lease whose object is about to be removed. */
  async abandon(): Promise<void> {
    if (this.stop.signal.aborted) return this.renewing
    this.stop.abort()
    await this.renewing
    if (!this.lost.signal.aborted) this.publish('abandoned')
  }

  private async renewForEver(): Promise<void> {
    const { ttlMs } = this.version.value
    let pause = ttlMs / 3
    while (!this.stop.signal.aborted && !this.lost.signal.aborted) {
      try {
        await this.ambient.sleep(pause, { signal: this.stop.signal, background: true })
      } catch {
        return // released
      }
      if (this.lost.signal.aborted) return
      pause = (await this.renewOnce()) ? ttlMs / 3 : ttlMs / 12
    }
  }

  /** Apart from the renewals: one of them may hang, or be answered long after its time. */
  private async watchExpiry(): Promise<void> {
    while (!this.lost.signal.aborted) {
      const left = this.validUntil - this.ambient.monotonic()
      if (left <= 0) return this.lose()
      try {
        await this.ambient.sleep(left, { signal: this.stop.signal, background: true })
      } catch {
        return // released
      }
    }
  }

  /** Resolves to false when the store could not be reached, or an earlier try had stood after all: there may be time for another one. */
  private async renewOnce(): Promise<boolean> {
    const requestedAt = this.ambient.monotonic()
    const { value } = this.version
    try {
      const result = await this.register.swap(
        this.version,
        { ...value, renewals: value.renewals + 1 },
        { signal: AbortSignal.any([this.stop.signal, this.lost.signal]) },
      )
      const standing = this.unanswered(result)
      if (standing) {
        this.version = standing
        return false
      }
      if (!result.won) this.lose()
      else {
        this.version = result.version
        this.validUntil = requestedAt + value.ttlMs
        this.publish('renewed')
      }
      return true
    } catch {
      return false
    }
  }

  private lose(): void {
    if (this.lost.signal.aborted) return
    this.lost.abort(new LeaseLostError(this.name))
    this.publish('lost')
  }

  private publish(what: LeaseEvent['what']): void {
    publish('runlet:lease', () => {
      const { name, token, heldMs } = this
      const { holder, waitedMs } = this.version.value
      return { lease: name, key: this.register.key, what, token, label: holder?.label ?? '', waitedMs, heldMs }
    })
  }
}
