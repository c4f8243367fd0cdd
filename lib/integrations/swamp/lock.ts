// Swamp's locks, each a lease of the namespace that it guards: renewed while it is held, taken over when its holder died, freed by its
// nonce. No lock guards the index here, for a push is one swap; but what swamp reads, changes and writes between it relies on them.
//
// Swamp judges by its own clock whether a holder is dead (`acquiredAt` + `ttlMs`), so what `inspect` shows is how long ago the lease
// was written by the store's clock, counted back from now by this one: two machines' clocks are not compared here either.
import type { Ambient } from '../../ambient.ts'
import * as errors from '../../errors.ts'
import type { Lease } from '../../lease/lease.ts'
import { LeaseCell } from '../../lease/leases.ts'
import type { LeaseRecord } from '../../lease/record.ts'
import type { NamespaceName } from '../../names.ts'
import { leaseKey } from '../../namespace/keys.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import type { Version } from '../../store/register.ts'
import type { DistributedLock, LockInfo } from './contract.ts'
import type { SwampLockOptions } from './lock-options.ts'
import { LockTimeoutError } from './lock-timeout.ts'

interface LockPlace {
  readonly objects: () => Promise<ObjectStore>
  readonly ambient: Ambient
  /** The namespace whose lease it is. */
  readonly name: NamespaceName
  /** Throws when it lies outside of the run that this process works in. */
  readonly assertIsolated: () => void
  /** Who holds it, for people. */
  readonly label: string
}

export class SwampLock implements DistributedLock {
  readonly #place: LockPlace
  readonly #options: SwampLockOptions
  #opened: Promise<LeaseCell> | undefined
  #lease: Lease | undefined

  constructor(place: LockPlace, options: SwampLockOptions) {
    this.#place = place
    this.#options = options
  }

  /** @throws LockTimeoutError, ConfigError before anything is done that could not be pushed in the end */
  async acquire(): Promise<void> {
    this.#place.assertIsolated()
    const { ttlMs, maxWaitMs, retryIntervalMs } = this.#options
    const { label } = this.#place
    const cell = await this.#cell()
    try {
      const lease = await cell.acquire({ ttlMs, label, waitMs: maxWaitMs, pollMs: retryIntervalMs })
      await this.#lease?.release() // one that was lost, or this one would not have been had
      this.#lease = lease
    } catch (error) {
      if (!(error instanceof errors.LockTimeoutError)) throw error
      throw new LockTimeoutError(this.#options.lockKey, this.#infoOf(cell.lastSeen), error.waitedMs, { cause: error })
    }
  }

  async release(): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    await lease?.release()
  }

  /** @throws LeaseLostError when the lock was lost while fn ran: then somebody else may have been at work at the same time */
  async withLock<T>(fn: () => Promise<T>): Promise<T> {
    await this.acquire()
    const lease = this.#lease
    try {
      const value = await fn()
      lease?.assertHeld()
      return value
    } finally {
      await this.release()
    }
  }

  async inspect(): Promise<LockInfo | null> {
    return this.#infoOf(await (await this.#cell()).inspect())
  }

  async forceRelease(expectedNonce: string): Promise<boolean> {
    this.#place.assertIsolated()
    return (await this.#cell()).breakHolding(expectedNonce)
  }

  #cell(): Promise<LeaseCell> {
    this.#opened ??= this.#open()
    return this.#opened
  }

  async #open(): Promise<LeaseCell> {
    const { objects, ambient, name } = this.#place
    const { lockKey, leaseName } = this.#options
    try {
      return new LeaseCell(await objects(), leaseKey(name, leaseName), lockKey, ambient)
    } catch (error) {
      this.#opened = undefined
      throw error
    }
  }

  #infoOf(version: Version<LeaseRecord> | undefined): LockInfo | null {
    if (!version?.value.holder) return null
    const { holder, ttlMs } = version.value
    const { id: nonce, host: hostname, pid, label } = holder
    const acquiredAt = new Date(this.#writtenAt(version)).toISOString()
    return { holder: label, hostname, pid, acquiredAt, ttlMs, nonce }
  }

  /** By this machine's clock. */
  #writtenAt({ value, lastModified, serverTime }: Version<LeaseRecord>): number {
    // What this process itself has just written comes without the store's times.
    if (lastModified === undefined || serverTime === undefined) return value.acquiredAt
    return this.#place.ambient.now() - Math.max(0, serverTime - lastModified)
  }
}
