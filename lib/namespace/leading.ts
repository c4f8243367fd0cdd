// Leading: whoever holds the `merge` lease commits everything that waits in the queue in one swap. The lease only saves work: a
// leader that lost it is refused by the head's fence (G7), and one that died after its swap left nothing undone that the next leader
// does not find in the history (G5).
import { LeaseLostError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import type { Attempt } from '../lease/leases.ts'
import type { LeaseRecord } from '../lease/record.ts'
import { unmetered } from '../store/metered-store.ts'
import type { WhenThrottled } from '../store/object-store.ts'
import type { Version } from '../store/register.ts'
import { announce } from './announce.ts'
import { applyBatch, type Outcome } from './batch.ts'
import type { Change } from './change.ts'
import type { NamespaceContext } from './context.ts'
import type { NewHead } from './head.ts'
import { Pending } from './pending.ts'
import { dequeue, type Intent, keysOf, readQueue, reject } from './queue.ts'

export const MERGE_LEASE = 'merge'
const MERGE_TTL_MS = 10_000

/** One attempt at the merge lease; `seen` is the lease as it was just read. */
export function tryToLead(
  context: NamespaceContext,
  label: string,
  seen: Version<LeaseRecord> | undefined,
  whenThrottled: WhenThrottled = 'tell',
): Promise<Attempt> {
  const above = context.head.known?.value.fences[MERGE_LEASE]
  return context.merge.tryAcquire({ ttlMs: MERGE_TTL_MS, label, seen, above, whenThrottled })
}

/** Whether nobody leads, nor has of late: where many write, the next one is about to. */
export const isLongAgo = ({ merge }: NamespaceContext, seen: Version<LeaseRecord> | undefined): boolean =>
  merge.available(seen) && (seen?.serverTime ?? 0) - (seen?.lastModified ?? 0) >= (seen ? MERGE_TTL_MS : 0)

export const labelOf = (changes: readonly Change[]): string => changes[0]?.author ?? ''

/** Holding the merge lease. */
export interface Leading {
  readonly lease: Lease
  /** When to let another one lead. */
  readonly until: number
  /** Looks at the queue that found nobody. */
  emptyLooks: number
}

/** `emptyLooks`: of the two looks at the queue that find nobody, those that need not be made. */
export const startLeading = ({ ambient }: NamespaceContext, lease: Lease, emptyLooks: 0 | 1): Leading => ({
  lease,
  until: ambient.monotonic() + MERGE_TTL_MS / 2,
  emptyLooks,
})

/** Commits our own, and all that waits with it; resolves to whether others may still come. */
export async function lead(context: NamespaceContext, leading: Leading, pending: Pending): Promise<boolean> {
  try {
    for (let more = true; more; ) {
      more = await leadOnce(context, leading, pending)
      if (pending.settled) return more
    }
  } catch (error) {
    // Somebody else leads by now: our own changes go to them.
    if (!(error instanceof LeaseLostError)) throw error
  }
  return false
}

/** Commits all that waits, until nobody does or half the lease's life has passed, and gives the lease back. */
export async function serve(context: NamespaceContext, leading: Leading): Promise<void> {
  const nothing = new Pending([])
  try {
    await unmetered(async () => {
      while (await leadOnce(context, leading, nothing));
    })
  } finally {
    await leading.lease.release()
  }
}

/**
 * Has all that waits committed or refused, so that nothing of a dead process comes in later.
 * @throws LockTimeoutError, LeaseLostError; what was reached stands
 */
export async function decideQueue(context: NamespaceContext, label: string): Promise<void> {
  const above = (await context.head.current()).value.fences[MERGE_LEASE]
  const lease = await context.merge.acquire({ ttlMs: MERGE_TTL_MS, waitMs: 3 * MERGE_TTL_MS, label, above })
  await context.courtesy.whileLeading(serve(context, startLeading(context, lease, 1)))
}

async function leadOnce(context: NamespaceContext, leading: Leading, pending: Pending): Promise<boolean> {
  const [waiting] = await Promise.all([readQueue(context), context.head.refresh()])
  const others = waiting.filter(intent => !pending.changes.has(intent.change.id))
  const own = pending.open.map(change => pending.asMade(change))
  if (own.length + others.length > 0) await commitAll(context, leading.lease, { own, others, pending })
  if (others.length === 0) leading.emptyLooks += 1
  return (
    leading.emptyLooks < 2 && context.ambient.monotonic() < leading.until && !context.background.closing.signal.aborted
  )
}

interface Load {
  readonly own: readonly Change[]
  readonly others: readonly Intent[]
  readonly pending: Pending
}

async function commitAll(context: NamespaceContext, lease: Lease, { own, others, pending }: Load): Promise<void> {
  const outcomes = await swapAll(context, lease, [...own, ...others.map(intent => intent.change)])
  own.forEach((change, i) => {
    pending.outcomes.set(change.id, outcomes[i] as Outcome)
  })
  // A refused change of our own must be out of the queue while the lease is still ours: no next leader may find it.
  const refused = own.map(change => change.id).filter(id => pending.outcomes.get(id)?.kind !== 'committed')
  await withdraw(context, refused, pending)
  const committed = keysOf(
    context,
    own.map(change => change.id).filter(id => pending.queued.delete(id)),
  )
  const rejections: Promise<void>[] = []
  others.forEach((intent, i) => {
    const outcome = outcomes[own.length + i] as Outcome
    if (outcome.kind === 'committed') committed.push(intent.key)
    else rejections.push(reject(context, intent, outcome))
  })
  // The commits stand. What cannot be tidied or told now, the next leader finds in the history and tidies or tells.
  await Promise.allSettled([dequeue(context, committed), ...rejections])
}

async function withdraw(context: NamespaceContext, ids: readonly string[], pending: Pending): Promise<void> {
  const queued = ids.filter(id => pending.queued.has(id))
  try {
    await dequeue(context, keysOf(context, queued))
    for (const id of queued) pending.queued.delete(id)
  } catch (error) {
    // What went in with the same swap stands all the same.
    for (const id of queued) pending.outcomes.set(id, { kind: 'failed', error })
  }
}

/** One swap for all of them; again when a direct writer came between. */
async function swapAll(
  context: NamespaceContext,
  lease: Lease,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  const startedAt = context.ambient.monotonic()
  let outcomes: readonly Outcome[] = []
  let since = 0
  const version = await context.head.update(async head => {
    lease.assertHeld()
    if ((head.fences[MERGE_LEASE] ?? 0) > lease.token) throw new LeaseLostError(MERGE_LEASE)
    const batch = await applyBatch(context, head, changes)
    outcomes = batch.outcomes
    since = head.seq
    return batch.next && fenced(batch.next, lease)
  })
  announce(context, since, version.value, startedAt)
  return outcomes
}

function fenced(head: NewHead, lease: Lease): NewHead {
  return { ...head, fences: { ...head.fences, [MERGE_LEASE]: lease.token } }
}
