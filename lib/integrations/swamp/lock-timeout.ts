// The error that swamp expects of a lock that stayed taken: its name and fields are those of swamp's own.
import { RunletError } from '../../errors.ts'
import type { LockInfo } from './contract.ts'

/** A lock of swamp's stayed taken for as long as this call was willing to wait. */
export class LockTimeoutError extends RunletError {
  /** Swamp bundles extensions, and a bundler renames one of two classes of the same name. */
  override readonly name = 'LockTimeoutError'
  /** The key that the lock was asked for by. */
  readonly lockKey: string
  /** Who has it; null when it was free for a moment. */
  readonly holder: LockInfo | null
  /** In milliseconds. */
  readonly waitedMs: number
  /** @internal */
  constructor(lockKey: string, holder: LockInfo | null, waitedMs: number, options?: ErrorOptions) {
    const held = holder ? `is held by ${holder.holder} (${holder.hostname}, pid ${holder.pid})` : 'stayed taken'
    super(
      'ERR_RUNLET_LOCK_TIMEOUT',
      `lock "${lockKey}" ${held}; gave up after ${Math.round(waitedMs)} ms. Wait longer (SWAMP_LOCK_TIMEOUT_MS), or look at it with \`swamp datastore lock status\`.`,
      options,
    )
    this.lockKey = lockKey
    this.holder = holder
    this.waitedMs = waitedMs
  }
}
