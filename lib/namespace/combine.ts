// The contended commit: whoever holds the `merge` lease commits everything that waits (leading.ts); whoever does not puts its change
// into the queue and watches the head until it is in (G6: the rounds that a writer waits do not grow with the number of writers).
import type { Attempt } from '../lease/leases.ts'
import { momentOf } from '../store/grace.ts'
import type { Outcome } from './batch.ts'
import type { Change } from './change.ts'
import type { NamespaceContext } from './context.ts'
import type { Head } from './head.ts'
import { findCommit } from './history.ts'
import { integrate } from './integrate.ts'
import { labelOf, lead, serve, startLeading, tryToLead } from './leading.ts'
import { Pending } from './pending.ts'
import { dequeue, enqueue, keysOf, readRejection } from './queue.ts'

const FIRST_POLL_MS = 10
const SLOWEST_POLL_MS = 250
/** Of who was told to slow down; twice as long each time. */
const FIRST_PAUSE_MS = 50
/** Some ten seconds. After that the store's own patience is asked for, and in the end its error. */
const MOST_REFUSALS = 10

/** What combining tells of itself; filled in on the way. */
export interface CombineReport {
  waitedMs: number
  heldMs: number
  /** The lease was given back, which nobody need wait for to know the outcome. Never rejects. */
  released: Promise<void>
}

export const newReport = (): CombineReport => ({ waitedMs: 0, heldMs: 0, released: Promise.resolve() })

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
  let refusals = 0
  for (let attempt = first; ; ) {
    refusals = 'busy' in attempt && attempt.throttled ? refusals + 1 : 0
    if ('lease' in attempt) {
      report.waitedMs = context.ambient.monotonic() - startedAt
      const { lease } = attempt
      const leading = startLeading(context, lease, crowded || attempt !== first ? 0 : 1)
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
      await follow(context, pending, refusals > 0 ? FIRST_PAUSE_MS * 2 ** Math.min(refusals, 5) : FIRST_POLL_MS)
    }
    if (pending.settled) return
    await report.released
    const whenThrottled = refusals < MOST_REFUSALS ? 'tell' : 'wait'
    attempt = await tryToLead(context, labelOf(pending.open), context.merge.lastSeen, whenThrottled)
  }
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
  const began = change.began ?? momentOf(context.ambient)
  const head = (await context.head.current()).value
  const verdict = await integrate(context, head, pending.asMade(change))
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
  const rebased: Change = {
    ...change,
    sets: verdict.sets,
    since: head.seq,
    sinceFork: head.base?.fork,
    base: async () => base,
    began,
    sweeps: head.sweeps,
  }
  pending.changes.set(change.id, rebased)
  return rebased
}

/** Watches the head until all our changes are decided, or the lease can be had. */
async function follow(context: NamespaceContext, pending: Pending, firstPauseMs: number): Promise<void> {
  let pause = firstPauseMs
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
    if (rejection.reason.kind !== 'owner' && rejection.reason.kind !== 'stale') {
      pending.outcomes.set(change.id, rejection.reason)
      continue
    }
    // Only we know how to settle it: do so against the head as it is now, and wait again.
    const rebased = await rebase(context, change, pending)
    if (rebased) await enqueue(context, rebased, rejection.version)
  }
}
