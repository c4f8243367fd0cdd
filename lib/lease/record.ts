// What a lease looks like in the store, and the one judgement about it that needs care: whether its holder has let it expire.
// Two machines' clocks are never compared: expiry is judged by the store's own clock, or by watching the document unchanged.

import type { Ambient } from '../ambient.ts'
import { timeSchema } from '../store/json-object.ts'
import type { Version } from '../store/register.ts'
import * as z from '../vendor/zod.ts'

const holderSchema = z.object({
  /** Differs between any two acquisitions. */
  id: z.string(),
  /** The holder's machine. */
  host: z.string(),
  /** The holder's process there. */
  pid: z.number().int(),
  /** For people: the command, or what the caller named it. */
  label: z.string(),
})

/** So many holdings that are over stand in a lease. */
const MAX_HELD = 8

const holdingSchema = z.object({
  /** For people: what the holder was called. */
  label: z.string(),
  /** By the holder's clock. */
  at: timeSchema,
  /** How long its holder had waited for it. */
  waitedMs: z.number().nonnegative(),
  /** How long it was held. Absent: it was never given back, but taken over. */
  heldMs: z.number().nonnegative().optional(),
  /** Of one that was taken over: when its holder last renewed it, by the store's clock. */
  lastSeenAt: timeSchema.optional(),
})

export const leaseSchema = z.object({
  format: z.literal(1),
  write: z.string(),
  name: z.string(),
  /** The fencing token: one greater with each acquisition, never less. */
  token: z.number().int().nonnegative(),
  /** Null while nobody holds it. */
  holder: holderSchema.nullable(),
  /** At most a day: a document that says more would be a lock for ever. */
  ttlMs: z.number().positive().max(86_400_000),
  /** The holder's wall clock when it acquired; for people, never compared. */
  acquiredAt: timeSchema,
  waitedMs: z.number().nonnegative(),
  renewals: z.number().int().nonnegative(),
  /** How the holding before this one went; for people. */
  last: z.object({ label: z.string(), heldMs: z.number(), waitedMs: z.number() }).optional(),
  /** The last holdings that were over, newest first; for people. */
  held: z.array(holdingSchema).optional(),
})

/** Who holds a lease. */
export type Holder = z.infer<typeof holderSchema>
export type LeaseRecord = z.infer<typeof leaseSchema>
/** A holding of a lease that is over. */
export type Holding = z.infer<typeof holdingSchema>

/** How a holding ended: it was given back after `heldMs`, or taken from a holder that was last seen at `lastSeenAt`. */
type End = Pick<Holding, 'heldMs' | 'lastSeenAt'>

/** The holdings that are over once that of `record` is. */
export function heldWith(
  { holder, acquiredAt, waitedMs, held = [] }: LeaseRecord,
  { heldMs, lastSeenAt }: { [K in keyof End]: End[K] | undefined },
): Holding[] {
  if (!holder) return held
  const end = { ...(heldMs !== undefined && { heldMs }), ...(lastSeenAt !== undefined && { lastSeenAt }) }
  return [{ label: holder.label, at: acquiredAt, waitedMs, ...end }, ...held].slice(0, MAX_HELD)
}

/** Both of the store's times may be cut to whole seconds, so their difference can be a second too great. */
const CLOCK_GRAIN_MS = 1000

/** Watches one lease for its expiry. Ask it of every version that is read. */
export class ExpiryWatch {
  private readonly ambient: Ambient
  private etag: string | undefined
  private since = 0

  constructor(ambient: Ambient) {
    this.ambient = ambient
  }

  /** Whether the lease was not renewed for its whole time to live. */
  expired(version: Version<LeaseRecord>): boolean {
    if (version.etag !== this.etag) {
      this.etag = version.etag
      this.since = this.ambient.monotonic()
    }
    const { ttlMs } = version.value
    if (this.ambient.monotonic() - this.since >= ttlMs) return true
    const { lastModified, serverTime } = version
    if (lastModified === undefined || serverTime === undefined) return false
    return serverTime - lastModified - CLOCK_GRAIN_MS >= ttlMs
  }
}

/** Names a holder to people: `label (host, pid 123)`. */
export function describeHolder(holder: Holder | null | undefined): string {
  return holder ? `${holder.label} (${holder.host}, pid ${holder.pid})` : 'nobody'
}
