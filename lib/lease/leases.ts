// Named leases: acquire, wait, take over. The entry of this folder. Every change is a compare-and-swap of one small object, never a
// delete, so that the fencing token only grows. Carries G6: a dead holder blocks others for its time to live and one takeover, no longer.
import { hostname } from 'node:os'
import type { Ambient } from '../ambient.ts'
import { AbortedError, LockTimeoutError } from '../errors.ts'
import { type LeaseEvent, publish } from '../events.ts'
import type { ObjectStore, WhenThrottled } from '../store/object-store.ts'
import { Register, type Version } from '../store/register.ts'
import { Lease } from './lease.ts'
import { describeHolder, ExpiryWatch, heldWith, type LeaseRecord, leaseSchema } from './record.ts'

interface AcquireOptions {
  /** How long the lease lives without renewal. A holder renews at a third of it. */
  ttlMs: number
  /** Who holds it, for people. */
  label: string
  /** The token is greater than this too: a lease whose object was lost must not begin again at one. */
  above?: number | undefined
  /** Takes it from whoever holds it: for who knows, by a head that was swapped, that the holder has no more use for it. */
  force?: boolean | undefined
  /** `tell`: that the store takes no write of it just now counts as somebody else's having it. Default: `wait`. */
  whenThrottled?: WhenThrottled | undefined
  signal?: AbortSignal | undefined
}

export interface WaitOptions extends AcquireOptions {
  /** How long to wait for it before a LockTimeoutError; Infinity waits for ever. */
  waitMs: number
  /** The longest pause between two looks at who holds it. Default: 1,000. */
  pollMs?: number | undefined
}

/** Either the lease, or the version that shows who has it; `throttled`: or that nobody has, but the store took no write of it just now. */
export type Attempt =
  | { readonly lease: Lease }
  | { readonly busy: Version<LeaseRecord>; readonly throttled?: true | undefined }

const FIRST_POLL_MS = 20
const SLOWEST_POLL_MS = 1000

/** One named lease in the store, seen from one process. Keep it: it learns by watching when a holder is dead. */
export class LeaseCell {
  readonly name: string
  private readonly register: Register<LeaseRecord>
  private readonly ambient: Ambient
  private readonly watch: ExpiryWatch
  private known: Version<LeaseRecord> | undefined

  constructor(store: ObjectStore, key: string, name: string, ambient: Ambient) {
    this.name = name
    this.register = new Register(store, key, leaseSchema, ambient)
    this.ambient = ambient
    this.watch = new ExpiryWatch(ambient)
  }

  /** The version of it that this process saw last. */
  get lastSeen(): Version<LeaseRecord> | undefined {
    return this.known
  }

  /** Who holds it now. Undefined when nobody ever did. */
  async inspect(signal?: AbortSignal): Promise<Version<LeaseRecord> | undefined> {
    this.known = await this.register.read(this.known, signal)
    return this.known
  }

  /** Whether `version` can be had: it is free, was never held, or its holder is dead. */
  available(version: Version<LeaseRecord> | undefined): boolean {
    return !version?.value.holder || this.watch.expired(version)
  }

  /**
   * Tries once, in two requests at most; `seen` is a version that was just read.
   * Resolves to the lease, or to who has it.
   */
  async tryAcquire(
    options: AcquireOptions & { waitedMs?: number; seen?: Version<LeaseRecord> | undefined },
  ): Promise<Attempt> {
    const current = 'seen' in options ? options.seen : await this.inspect(options.signal)
    if (current && !options.force && !this.available(current)) return { busy: current }
    const requestedAt = this.ambient.monotonic()
    const { signal, whenThrottled } = options
    const result = await this.register.swap(current, this.recordAfter(current, options), { signal, whenThrottled })
    if (!result.won) {
      const { current: busy, throttled } = result
      this.known = busy
      return busy ? { busy, throttled } : this.tryAcquire({ ...options, seen: undefined, whenThrottled: 'wait' })
    }
    this.known = result.version
    const takenOver = Boolean(current?.value.holder)
    const { token, waitedMs } = result.version.value
    this.tell({ what: takenOver ? 'taken-over' : 'acquired', token, label: options.label, waitedMs })
    return { lease: new Lease(this.register, result.version, { ambient: this.ambient, takenOver, requestedAt }) }
  }

  /**
   * Waits for the lease.
   * @throws LockTimeoutError naming the holder, AbortedError.
   */
  async acquire(options: WaitOptions): Promise<Lease> {
    const startedAt = this.ambient.monotonic()
    const { pollMs = SLOWEST_POLL_MS } = options
    let pause = Math.min(FIRST_POLL_MS, pollMs)
    for (let waitedMs = 0; ; waitedMs = this.ambient.monotonic() - startedAt) {
      if (options.signal?.aborted) throw new AbortedError(`waiting for the lock "${this.name}"`, options.signal.reason)
      const attempt = await this.tryAcquire({ ...options, waitedMs })
      if ('lease' in attempt) return attempt.lease
      const { holder, token } = attempt.busy.value
      const timedOut = waitedMs >= options.waitMs
      this.tell({ what: timedOut ? 'timed-out' : 'waiting', token, label: options.label, waitedMs })
      if (timedOut) throw new LockTimeoutError(this.name, describeHolder(holder), waitedMs)
      await this.pause(Math.min(pause, options.waitMs - waitedMs), options.signal)
      pause = Math.min(pause * 1.5, pollMs, attempt.busy.value.ttlMs / 4)
    }
  }

  /**
   * Takes the lease from the holding `id` (`holder.id` of what `inspect` showed), dead or alive, and leaves it free. Its holder finds out
   * at its next renewal. Resolves to false when that holding is over: whoever has it since keeps it.
   */
  async breakHolding(id: string): Promise<boolean> {
    for (let seen = await this.inspect(); seen?.value.holder?.id === id; ) {
      const free = { ...seen.value, holder: null, held: heldWith(seen.value, { lastSeenAt: seen.lastModified }) }
      const result = await this.register.swap(seen, free)
      this.known = result.won ? result.version : result.current
      if (result.won) return true
      seen = this.known // a renewal came between
    }
    return false
  }

  private tell(step: Pick<LeaseEvent, 'what' | 'token' | 'label' | 'waitedMs'>): void {
    publish('runlet:lease', () => ({ lease: this.name, key: this.register.key, ...step, heldMs: 0 }))
  }

  private async pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.ambient.sleep(ms * (0.75 + 0.5 * this.ambient.random()), { signal })
    } catch (reason) {
      throw new AbortedError(`waiting for the lock "${this.name}"`, reason)
    }
  }

  private recordAfter(
    seen: Version<LeaseRecord> | undefined,
    options: AcquireOptions & { waitedMs?: number },
  ): Omit<LeaseRecord, 'write'> {
    const previous = seen?.value
    const held = seen ? heldWith(seen.value, { lastSeenAt: seen.lastModified }) : []
    return {
      format: 1,
      name: this.name,
      token: Math.max(previous?.token ?? 0, options.above ?? 0) + 1,
      holder: { id: this.ambient.randomId(), host: hostname(), pid: process.pid, label: options.label },
      ttlMs: options.ttlMs,
      acquiredAt: this.ambient.now(),
      waitedMs: options.waitedMs ?? 0,
      renewals: 0,
      ...(previous?.last && { last: previous.last }),
      ...(held.length > 0 && { held }),
    }
  }
}
