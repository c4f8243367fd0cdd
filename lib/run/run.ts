// A run: a child namespace in use, with an owner lease. What a run is, and how its owner is told from others. It begins in fork.ts
// or, when its owner is gone, in resume.ts; it ends in fold.ts or discard.ts.
// Invariant: whoever holds the owner lease has its token in the child's head before it writes, so that an owner who was replaced
// can write no more (G7).
import { LeaseLostError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import { LeaseCell } from '../lease/leases.ts'
import { lastSegment, type NamespaceName, type Segment } from '../names.ts'
import type { Signing } from '../namespace/committer.ts'
import { raiseFence } from '../namespace/fences.ts'
import type { Head, NewHead } from '../namespace/head.ts'
import { leaseKey } from '../namespace/keys.ts'
import type { OpenNamespace } from '../namespace/namespace.ts'
import type { ConflictPolicy, PolicyRule } from '../namespace/policy.ts'

export const OWNER_LEASE = 'owner'

/**
 * What becomes of a run whose function throws or whose owner dies: it is kept for a person to look at, discarded, or folded all the same.
 */
export type OnError = 'keep' | 'discard' | 'fold'

export interface RunOptions {
  readonly label: string
  readonly onError: OnError
  readonly onConflict?: ConflictPolicy | undefined
  readonly keepMs?: number | undefined
  readonly ttlMs: number
  readonly signal?: AbortSignal | undefined
}

export interface OpenRun {
  readonly id: Segment
  readonly name: NamespaceName
  readonly parent: OpenNamespace
  readonly child: OpenNamespace
  /** Undefined for a run that has ended already. */
  readonly lease: Lease | undefined
  readonly rules: readonly PolicyRule[]
  /** Aborts when the owner lease is lost, or the caller's signal aborts. */
  readonly signal: AbortSignal
}

export const ownerCell = (child: Pick<OpenNamespace, 'name' | 'store' | 'ambient'>) =>
  new LeaseCell(child.store, leaseKey(child.name, OWNER_LEASE), OWNER_LEASE, child.ambient)

/**
 * Takes the owner lease, with a token that the head does not refuse, and has the head refuse all before it.
 * `by-force`: from whoever has it; for who has just won the child's head.
 * @throws LockTimeoutError when it is held and not to be taken by force
 */
export async function takeOwnership(
  child: OpenNamespace,
  options: RunOptions,
  how: 'if-free' | 'by-force',
): Promise<Lease> {
  const above = (await child.head.current()).value.fences[OWNER_LEASE]
  const { ttlMs, label, signal } = options
  const acquired = await ownerCell(child).acquire({
    ttlMs,
    label,
    signal,
    above,
    ...(how === 'by-force' ? FORCED : IF_FREE),
  })
  try {
    await raiseFence(child, { name: OWNER_LEASE, token: acquired.token })
    return acquired
  } catch (error) {
    await acquired.release() // or it would be renewed for as long as this process lives, and the run be in use by nobody
    throw error
  }
}

const IF_FREE = { waitMs: 0 }
/** A swap can be lost to the renewal of who is about to let go of it: then it is tried again. */
const FORCED = { force: true, waitMs: 60_000 }

export function openRun(
  parent: OpenNamespace,
  child: OpenNamespace,
  id: Segment,
  { lease, rules, options }: { lease: Lease | undefined; rules: readonly PolicyRule[]; options: RunOptions },
): OpenRun {
  const signals = [lease?.signal, options.signal].filter(signal => signal !== undefined)
  return { id, name: child.name, parent, child, lease, rules, signal: AbortSignal.any(signals) }
}

/** How writes to a run are signed by who holds its owner lease, or by a part of that process's work. */
export function signingOf(name: NamespaceName, author: string, token: number | undefined): Signing {
  return {
    author,
    rules: [],
    suffix: lastSegment(name),
    fence: token === undefined ? undefined : { name: OWNER_LEASE, token },
  }
}

/** The fences of a run that has ended: they refuse every owner that it ever had, also under the next run of its id. */
export function finalFences(head: Head, run: OpenRun): Head['fences'] {
  return { ...head.fences, [OWNER_LEASE]: Math.max(head.fences[OWNER_LEASE] ?? 0, run.lease?.token ?? 0) }
}

/** @throws LeaseLostError when the child's head names a later owner. */
export function assertOwner(head: NewHead, run: OpenRun): void {
  if (run.lease && (head.fences[OWNER_LEASE] ?? 0) > run.lease.token)
    throw new LeaseLostError(`${run.name}:${OWNER_LEASE}`)
}

/** Leaves the run as it is, for somebody else to resume at once. */
export async function releaseRun(run: OpenRun): Promise<void> {
  await run.child.committer.idle()
  await run.lease?.release()
}
