// The contended commit: whoever holds the `merge` lease commits everything that waits in the queue in one swap; whoever does not
// puts its change into the queue and watches the head until it is in (G6: the rounds that a writer waits do not grow with the
// number of writers). The lease only saves work: a leader that lost it is refused by the head's fence (G7), and one that died
// after its swap left nothing undone that the next leader does not find in the history (G5).
import { LeaseLostError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import type { Attempt } from '../lease/leases.ts'
import type { LeaseRecord } from '../lease/record.ts'
import { unmetered } from '../store/metered-store.ts'
import type { Version } from '../store/register.ts'
import { announce } from './announce.ts'
import { applyBatch, type Outcome } from './batch.ts'
import type { Change } from './change.ts'
import type { NamespaceContext } from './context.ts'
import type { Head, NewHead } from './head.ts'
import { findCommit } from './history.ts'
import { integrate } from './integrate.ts'
import { queueKey } from './keys.ts'
import { dequeue, enqueue, type Intent, readQueue, readRejection, reject } from './queue.ts'

export const MERGE_LEASE = 'merge'
const MERGE_TTL_MS = 10_000
const FIRST_POLL_MS = 10
const SLOWEST_POLL_MS = 250

/** What combining tells of itself; filled in on the way. */
export interface CombineReport {
  waitedMs: number
  heldMs: number
  /** The lease was given back, which nobody need wait for to know the outcome. Never rejects. */
  released: Promise<void>
}

export const newReport = (): CombineReport => ({ waitedMs: 0, heldMs: 0, released: Promise.resolve() })

/** Changes of this process that are not decided yet, and the outcomes of those that are. */
class Pending {
  readonly outcomes = new Map<string, Outcome>()
  readonly changes: Map<string, Change>
  /** Those that lie in the queue, in whatever state. */
  readonly queued = new Set<string>()

  constructor(changes: readonly Change[]) {
    this.changes = new Map(changes.map(change => [change.id, change]))
  }

  get open(): Change[] {
    return [...this.changes.values()].filter(change => !this.outcomes.has(change.id))
  }

  get settled(): boolean {
    return this.outcomes.size === this.changes.size
  }
}

/**
 * Commits changes through the merge lease or the queue, whichever there is; one outcome a change, in their order.
 * `first`: the first attempt at the lease. `crowded`: others were met, so more of them may be on their way to the queue.
 */
export async function combine(
  context: NamespaceContext,
  changes: readonly Change[],
  report: CombineReport,
  { first, crowded }: { first: Attempt; crowded: boolean },
): Promise<readonly Outcome[]> {
  const startedAt = context.ambient.monotonic()
  const pending = new Pending(changes)
  try {
    await settleAll(context, pending, report, { first, crowded })
  } finally {
    // Refused ones, and those of which the outcome is unknown because the store failed us: nobody else need find them.
    await tidy(dequeue(context, keysOf(context, [...pending.queued])))
  }
  if (report.heldMs === 0) report.waitedMs = context.ambient.monotonic() - startedAt
  return changes.map(change => pending.outcomes.get(change.id) as Outcome)
}

/** What cannot be removed now, the next leader finds in the history, or refuses again. */
async function tidy(removal: Promise<void>): Promise<void> {
  await Promise.allSettled([removal])
}

async function settleAll(
  context: NamespaceContext,
  pending: Pending,
  report: CombineReport,
  { first, crowded }: { first: Attempt; crowded: boolean },
): Promise<void> {
  const startedAt = context.ambient.monotonic()
  for (let attempt = first; ; ) {
    if ('lease' in attempt) {
      report.waitedMs = context.ambient.monotonic() - startedAt
      const { lease } = attempt
      const until = context.ambient.monotonic() + MERGE_TTL_MS / 2
      const leading = { lease, until, emptyLooks: crowded || attempt !== first ? 0 : 1 }
      const more = await lead(context, leading, pending).catch(async error => {
        await lease.release()
        throw error
      })
      report.heldMs += lease.heldMs
      // Our own is decided: nobody need wait while we serve the others.
      const released = context.courtesy.whileLeading(more ? serve(context, leading) : lease.release())
      context.background.add(released)
      report.released = released.catch(() => undefined) // lost: then somebody else has it
    } else {
      await enqueueOpen(context, pending)
      await follow(context, pending)
    }
    if (pending.settled) return
    await report.released
    attempt = await tryToLead(context, labelOf(pending.open), context.merge.lastSeen)
  }
}

/** One attempt at the merge lease; `seen` is the lease as it was just read. */
export function tryToLead(
  context: NamespaceContext,
  label: string,
  seen: Version<LeaseRecord> | undefined,
): Promise<Attempt> {
  const above = context.head.known?.value.fences[MERGE_LEASE]
  return context.merge.tryAcquire({ ttlMs: MERGE_TTL_MS, label, seen, above })
}

export const labelOf = (changes: readonly Change[]): string => changes[0]?.author ?? ''

/** Holding the merge lease. */
interface Leading {
  readonly lease: Lease
  /** When to let another one lead. */
  readonly until: number
  /** Looks at the queue that found nobody. */
  emptyLooks: number
}

/** Commits our own, and all that waits with it; resolves to whether others may still come. */
async function lead(context: NamespaceContext, leading: Leading, pending: Pending): Promise<boolean> {
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
async function serve(context: NamespaceContext, leading: Leading): Promise<void> {
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
  const until = context.ambient.monotonic() + MERGE_TTL_MS / 2
  await context.courtesy.whileLeading(serve(context, { lease, until, emptyLooks: 1 }))
}

async function leadOnce(context: NamespaceContext, leading: Leading, pending: Pending): Promise<boolean> {
  const [waiting] = await Promise.all([readQueue(context), context.head.refresh()])
  const others = waiting.filter(intent => !pending.changes.has(intent.change.id))
  const own = pending.open
  if (own.length + others.length > 0) await commitAll(context, leading.lease, { own, others, pending })
  if (others.length === 0) leading.emptyLooks += 1
  return leading.emptyLooks < 2 && context.ambient.monotonic() < leading.until && !context.closing.signal.aborted
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

const keysOf = (context: NamespaceContext, ids: readonly string[]): string[] =>
  ids.map(id => queueKey(context.name, id))

/** One swap for all of them; again when a direct writer came between. */
async function swapAll(
  context: NamespaceContext,
  lease: Lease,
  changes: readonly Change[],
): Promise<readonly Outcome[]> {
  let outcomes: readonly Outcome[] = []
  let since = 0
  const version = await context.head.exclusively(() =>
    context.head.update(async head => {
      lease.assertHeld()
      if ((head.fences[MERGE_LEASE] ?? 0) > lease.token) throw new LeaseLostError(MERGE_LEASE)
      const batch = await applyBatch(context, head, changes)
      outcomes = batch.outcomes
      since = head.seq
      return batch.next && fenced(batch.next, lease)
    }),
  )
  announce(context.name, since, version.value)
  return outcomes
}

function fenced(head: NewHead, lease: Lease): NewHead {
  return { ...head, fences: { ...head.fences, [MERGE_LEASE]: lease.token } }
}

/** Brings our changes up to the head as it is now, so that whoever leads has little to look at, and queues them. */
async function enqueueOpen(context: NamespaceContext, pending: Pending): Promise<void> {
  await Promise.all(
    pending.open.map(async change => {
      if (pending.queued.has(change.id)) return
      const rebased = await rebase(context, change, pending)
      if (!rebased) return
      pending.queued.add(change.id)
      await enqueue(context, rebased)
    }),
  )
}

/** The change as made against the head as last seen; undefined when its outcome is decided by that. */
async function rebase(context: NamespaceContext, change: Change, pending: Pending): Promise<Change | undefined> {
  const head = (await context.head.current()).value
  const verdict = await integrate(context, head, change)
  if (verdict.kind === 'done') {
    pending.outcomes.set(change.id, {
      kind: 'committed',
      seq: verdict.seq,
      batchSize: verdict.batch,
      rows: verdict.rows,
    })
    return undefined
  }
  if (verdict.kind !== 'apply') {
    pending.outcomes.set(change.id, verdict)
    return undefined
  }
  const base = context.views.view(head)
  const rebased = { ...change, sets: verdict.sets, since: head.seq, sinceFork: head.base?.fork, base: async () => base }
  pending.changes.set(change.id, rebased)
  return rebased
}

/** Watches the head until all our changes are decided, or the lease can be had. */
async function follow(context: NamespaceContext, pending: Pending): Promise<void> {
  let pause = FIRST_POLL_MS
  let lastLease = context.merge.lastSeen?.etag
  while (!pending.settled) {
    await context.ambient.sleep(pause * (0.75 + 0.5 * context.ambient.random()))
    pause = Math.min(pause * 1.3, SLOWEST_POLL_MS)
    const [head, lease] = await Promise.all([context.head.refresh(), context.merge.inspect()])
    await noticeCommitted(context, head.value, pending)
    // A leader that rejects something releases or renews its lease afterwards: only then is there something new to see.
    if (lease?.etag !== lastLease) await noticeRejected(context, pending)
    lastLease = lease?.etag
    if (context.merge.available(lease)) return
  }
}

async function noticeCommitted(context: NamespaceContext, head: Head, pending: Pending): Promise<void> {
  for (const change of pending.open) {
    const found = await findCommit(context.store, head, change.since, commit => commit.id === change.id)
    if (!found) continue
    const { seq, rows, batch } = found
    pending.outcomes.set(change.id, { kind: 'committed', seq, rows, batchSize: batch ?? 1 })
    pending.queued.delete(change.id) // whoever committed it removes it
  }
}

async function noticeRejected(context: NamespaceContext, pending: Pending): Promise<void> {
  for (const change of pending.open) {
    const rejection = await readRejection(context, change.id)
    if (!rejection) continue
    if (rejection.reason.kind !== 'owner') {
      pending.outcomes.set(change.id, rejection.reason)
      continue
    }
    // Only we know how to settle it: do so against the head as it is now, and wait again.
    const rebased = await rebase(context, change, pending)
    if (rebased) await enqueue(context, rebased, rejection.version)
  }
}
