// A commit: one atomic set of puts and deletes moves the head from seq N to N+1 (G1, G2, G4, G5).
//   1. values and large row sets are in the store already, in parallel (committer.ts);
//   2. compare-and-swap the head as it was last seen: one request for a small write;
//   3. if that was lost, or its outcome is unknown: on the head as it is now, integrate again, which finds the commit in the
//      history if it stood after all, applies the conflict policies if the same paths were touched, and else tries again;
//   4. after two lost swaps the namespace is contended: the change goes where changes are combined (combine.ts). So does, now and
//      then, one of a process that always wins, if somebody else waits (courtesy.ts). And so does one that the store is asked not to
//      take yet, if somebody else has written meanwhile: where a key takes one write a second, that write is to carry all who wait.
import { NamespaceNotFoundError } from '../errors.ts'
import { unmetered } from '../store/metered-store.ts'
import type { SwapResult, Version } from '../store/register.ts'
import { announce } from './announce.ts'
import { applyBatch, type Outcome } from './batch.ts'
import type { Change } from './change.ts'
import { combine, newReport } from './combine.ts'
import type { NamespaceContext } from './context.ts'
import type { Head, NewHead } from './head.ts'
import { isLongAgo, labelOf, tryToLead } from './leading.ts'

const DIRECT_ATTEMPTS = 2

/** Commits each change on its own terms; resolves to one outcome a change, in their order, once all are decided. */
export async function commit(context: NamespaceContext, changes: readonly Change[]): Promise<readonly Outcome[]> {
  const leader = context.courtesy.take()
  const decided = leader ? undefined : await context.head.exclusively(() => commitDirectly(context, changes))
  if (decided) {
    if (context.courtesy.isDue(context.ambient.monotonic()))
      context.background.add(unmetered(() => context.courtesy.look(context.merge)))
    return decided
  }
  const first = leader ? { busy: leader } : await tryToLead(context, labelOf(changes), context.merge.lastSeen)
  return combine(context, changes, newReport(), { first, crowded: true })
}

/** Undefined when others came between each time. */
async function commitDirectly(
  context: NamespaceContext,
  changes: readonly Change[],
): Promise<readonly Outcome[] | undefined> {
  const startedAt = context.ambient.monotonic()
  let seen = await context.head.current()
  for (let attempt = 1; attempt <= DIRECT_ATTEMPTS; attempt++) {
    const { next, outcomes } = await applyBatch(context, seen.value, changes)
    if (!next) {
      // What this process last saw of the namespace may be long out of date: refuse nothing because of that.
      if (attempt > 1 || outcomes.every(outcome => outcome.kind === 'committed')) return outcomes
      seen = await context.head.refresh()
      continue
    }
    // The last attempt asks for the merge lease at the same time: should it be lost too, that is where to go next.
    const last = attempt === DIRECT_ATTEMPTS
    const [result] = await Promise.all([swapUnlessCrowded(context, seen, next), last && context.merge.inspect()])
    if (!result) return undefined
    if (result.won) {
      announce(context, seen.value.seq, next, startedAt)
      return outcomes
    }
    if (!result.current) throw new NamespaceNotFoundError(context.name)
    seen = result.current
  }
  return undefined
}

/** Waits for a store that takes no write of the head just now, unless others want to write it too: then undefined. */
async function swapUnlessCrowded(
  context: NamespaceContext,
  seen: Version<Head>,
  next: NewHead,
): Promise<SwapResult<Head> | undefined> {
  const { head, merge } = context
  const result = await head.swap(seen, next, { whenThrottled: 'tell' })
  if (result.won || !result.throttled) return result
  const isAlone = result.current?.etag === seen.etag && isLongAgo(context, await merge.inspect())
  return isAlone ? head.swap(seen, next) : undefined
}
