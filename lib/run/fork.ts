// Forking a run: a child namespace that sees its parent as it is now (G3). Costs the same whatever the parent holds (G8): the
// parent's head is read, then the pin, the child's head and its owner lease are put at the same time. The child's head decides
// who has the run; whoever loses it takes back what it put.
import { AbortedError, LeaseLostError, NamespaceSealedError, RunInUseError, RunNotFoundError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import { describeHolder } from '../lease/record.ts'
import { childName, type Segment } from '../names.ts'
import type { Head, NewHead } from '../namespace/head.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { parsePolicy } from '../namespace/policy.ts'
import { isAwhileAgo, momentOf } from '../store/grace.ts'
import { newHeadOfRun, putPin, removePins } from './pin.ts'
import { type OpenRun, OWNER_LEASE, openRun, ownerCell, type RunOptions, takeOwnership } from './run.ts'

/**
 * Forks a run: reads the parent's head, then at the same time puts the pin, the child's head and its owner lease, each only if
 * absent. Costs the same whatever the parent holds (G8).
 * @throws RunInUseError when a run of this id is open, NamespaceSealedError when the parent takes no more writes.
 */
export async function forkRun(parent: OpenNamespace, id: Segment, options: RunOptions): Promise<OpenRun> {
  const rules = parsePolicy(options.onConflict)
  const child = openNamespace(parent.store, childName(parent.name, id), parent.ambient)
  const began = momentOf(parent.ambient)
  const head = (await parent.head.refresh()).value
  if (head.state !== 'open') throw new NamespaceSealedError(parent.name, head.state)
  if (options.signal?.aborted) throw new AbortedError(`forking "${child.name}"`, options.signal.reason)
  const { base, put } = putPin(parent, child, head, options)
  const next = newHeadOfRun(child, base, { ...options, rules })
  const [pinned, swapped, leased] = await Promise.allSettled([
    put,
    child.head.swap(undefined, next),
    ownerCell(child).tryAcquire({ ttlMs: options.ttlMs, label: options.label, seen: undefined }),
  ])
  const lease = leased.status === 'fulfilled' && 'lease' in leased.value ? leased.value.lease : undefined
  try {
    for (const settled of [pinned, swapped, leased]) if (settled.status === 'rejected') throw settled.reason
    await claimHead(child, next)
    if (head.base) await assertStillOpen(parent, child, head)
    if (isAwhileAgo(began, parent) && (await parent.head.refresh()).value.sweeps !== head.sweeps) {
      await giveUp(child, lease)
      await removePins(parent, child.name, [base])
      return forkRun(parent, id, options)
    }
    return openRun(parent, child, id, { lease: await ownerLease(child, lease, options), rules, options })
  } catch (error) {
    await lease?.release()
    // Surely not ours: take back what would keep the parent's old objects alive. But a head whose outcome is unknown may stand
    // on the pin; that, and a crash here, is the sweep's to find.
    if (isRefusal(error)) await Promise.allSettled([removePins(parent, child.name, [base])])
    throw error
  }
}

/**
 * Who has the head has the run. The lease may be with one who lost the head, for the moment until it knows; or be of no use,
 * because the head refuses the tokens of the owners that earlier runs of this id had.
 */
async function ownerLease(child: OpenNamespace, lease: Lease | undefined, options: RunOptions): Promise<Lease> {
  const least = child.head.known?.value.fences[OWNER_LEASE] ?? 0
  if (lease && lease.token >= least) return lease
  await lease?.release()
  return takeOwnership(child, options, 'by-force')
}

/**
 * A sweep that came between did not see our pin, so what it holds may be gone (G9): nothing was written on it yet, and the fork
 * starts over.
 */
async function giveUp(child: OpenNamespace, lease: Lease | undefined): Promise<void> {
  await child.head.update(({ write: _, ...head }) => {
    const isOurs = head.seq === 0 && (head.fences[OWNER_LEASE] ?? 0) <= (lease?.token ?? 0)
    if (!isOurs || head.state !== 'open') throw new LeaseLostError(`${child.name}:${OWNER_LEASE}`)
    return { ...head, state: 'discarded', endedAt: child.ambient.now() }
  })
  await lease?.release()
}

/** A parent that is a run itself may have been folded meanwhile, and its id be in use again; see assertNoChildren in fold.ts. */
async function assertStillOpen(parent: OpenNamespace, child: OpenNamespace, seen: Head): Promise<void> {
  const { state, createdAt } = (await parent.head.refresh()).value
  if (state === 'open' && createdAt === seen.createdAt) return
  await child.head.update(({ write: _, ...head }) =>
    head.state === 'open' ? { ...head, state: 'discarded', endedAt: child.ambient.now() } : undefined,
  )
  throw new NamespaceSealedError(parent.name, state === 'open' ? 'folded' : state)
}

const isRefusal = (error: unknown) => error instanceof RunInUseError || error instanceof NamespaceSealedError

/** The child's head stands already: it must be ours now, or that of a run of the same id that has ended. */
async function claimHead(child: OpenNamespace, next: NewHead): Promise<void> {
  for (;;) {
    const seen = child.head.known
    if (!seen) throw new RunNotFoundError(child.name)
    if (seen.value.base?.fork === next.base?.fork) return
    if (seen.value.state === 'open' || seen.value.state === 'sealed') {
      const cell = ownerCell(child)
      const owner = await cell.inspect()
      throw new RunInUseError(child.name, describeHolder(owner?.value.holder), !cell.available(owner))
    }
    // Tokens go on where the ended run's stopped: an owner of it that wakes must not be taken for one of this run.
    const { fences } = seen.value
    const after = seen.lastModified ?? seen.serverTime
    if (after === undefined) await child.head.refresh()
    else {
      const earlier = leftBehind(seen.value)
      const least = { [OWNER_LEASE]: (fences[OWNER_LEASE] ?? 0) + 1 }
      await child.head.swap(seen, { ...next, after, ...(earlier && { earlier }), fences: least })
    }
  }
}

/** An id that is used again this often before a sweep comes leaves things behind for good, rather than make its head large. */
const MAX_EARLIER_LAYERS = 64

/** What the sweep that empties the folder must know of a run that has ended, when the next one of its id takes its head. */
function leftBehind({ emptied, earlier, after, state, layers }: Head): Head['earlier'] {
  if (emptied) return undefined
  const adopted = [...(earlier?.layers ?? []), ...(state === 'folded' ? layers : [])]
  const since = earlier ? earlier.after : after
  return adopted.length > MAX_EARLIER_LAYERS
    ? undefined
    : { layers: adopted, ...(since !== undefined && { after: since }) }
}
