// A run: a child namespace in use, with an owner lease. This file says what a run is and how one gets hold of it: by forking it
// from its parent, or by resuming one whose owner is gone. What ends a run is in fold.ts and discard.ts.
// Invariant: whoever holds the owner lease has its token in the child's head before it writes, so that an owner who was replaced
// can write no more (G7).
import {
  AbortedError,
  LeaseLostError,
  MissingObjectError,
  NamespaceSealedError,
  RunInUseError,
  RunNotFoundError,
} from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import { LeaseCell } from '../lease/leases.ts'
import { describeHolder } from '../lease/record.ts'
import { childName, type NamespaceName, type Segment } from '../names.ts'
import type { Signing } from '../namespace/committer.ts'
import type { Base, NewHead } from '../namespace/head.ts'
import { leaseKey } from '../namespace/keys.ts'
import { type OpenNamespace, openNamespace, raiseFence } from '../namespace/namespace.ts'
import { type ConflictPolicy, type PolicyRule, parsePolicy } from '../namespace/policy.ts'
import { newHeadOfRun, putPin, removePins } from './pin.ts'

export const OWNER_LEASE = 'owner'

/** What the fork records for those who find the run without an owner. */
export type OnError = 'keep' | 'discard' | 'fold'

export interface RunOptions {
  readonly label: string
  readonly onError: OnError
  readonly onConflict?: ConflictPolicy | undefined
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

const ownerCell = (child: OpenNamespace) =>
  new LeaseCell(child.store, leaseKey(child.name, OWNER_LEASE), OWNER_LEASE, child.ambient)

/**
 * Forks a run: reads the parent's head, then at the same time puts the pin, the child's head and its owner lease, each only if
 * absent. Costs the same whatever the parent holds (G8).
 * @throws RunInUseError when a run of this id is open, NamespaceSealedError when the parent takes no more writes.
 */
export async function forkRun(parent: OpenNamespace, id: Segment, options: RunOptions): Promise<OpenRun> {
  const rules = parsePolicy(options.onConflict)
  const child = openNamespace(parent.store, childName(parent.name, id), parent.ambient)
  const head = (await parent.head.refresh()).value
  if (head.state !== 'open') throw new NamespaceSealedError(parent.name, head.state)
  if (options.signal?.aborted) throw new AbortedError(`forking "${child.name}"`, options.signal.reason)
  const { base, put } = putPin(parent, child, head)
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
    if (head.base) await assertStillOpen(parent, child)
    return openRun(parent, child, id, { lease: lease ?? (await takeOwnership(child, options)), rules, options })
  } catch (error) {
    await lease?.release()
    // Surely not ours: take back what would keep the parent's old objects alive. But a head whose outcome is unknown may stand
    // on the pin; that, and a crash here, is the sweep's to find.
    if (isRefusal(error)) await Promise.allSettled([removePins(parent, child.name, [base])])
    throw error
  }
}

/** A parent that is a run itself may have been folded meanwhile; see assertNoChildren in fold.ts. */
async function assertStillOpen(parent: OpenNamespace, child: OpenNamespace): Promise<void> {
  const { state } = (await parent.head.refresh()).value
  if (state === 'open') return
  await child.head.update(({ write: _, ...head }) =>
    head.state === 'open' ? { ...head, state: 'discarded' } : undefined,
  )
  throw new NamespaceSealedError(parent.name, state)
}

const isRefusal = (error: unknown) => error instanceof RunInUseError || error instanceof NamespaceSealedError

/** The child's head stands already: it must be ours now, or that of a run of the same id that has ended. */
async function claimHead(child: OpenNamespace, next: NewHead): Promise<void> {
  for (;;) {
    const seen = child.head.known
    if (!seen) throw new RunNotFoundError(child.name)
    if (seen.value.base?.fork === next.base?.fork) return
    if (seen.value.state === 'open' || seen.value.state === 'sealed') {
      const owner = await ownerCell(child).inspect()
      const remedy = `Choose another id; or, once its owner is gone, resume it (\`resume: true\`, \`runlet fold\`) or \`runlet discard\` it.`
      const holder = owner?.value.holder
      throw new RunInUseError(
        child.name,
        holder ? `owned by ${describeHolder(holder)}` : `${seen.value.state}, kept without an owner`,
        remedy,
      )
    }
    await child.head.swap(seen, next)
  }
}

/**
 * Takes over a run whose owner is gone. A run that has ended is opened without a lease, so that folding it again can say so.
 * @throws RunNotFoundError, RunInUseError when its owner is alive.
 */
export async function resumeRun(parent: OpenNamespace, id: Segment, options: RunOptions): Promise<OpenRun> {
  const child = openNamespace(parent.store, childName(parent.name, id), parent.ambient)
  const head = (await child.head.peek())?.value
  if (!head?.base) throw new RunNotFoundError(child.name)
  const rules = parsePolicy(options.onConflict ?? head.run?.onConflict)
  if (head.state === 'folded' || head.state === 'discarded') {
    return openRun(parent, child, id, { lease: undefined, rules, options })
  }
  const lease = await takeOwnership(child, options)
  try {
    await mendFork(parent, child, { ...options, rules })
    return openRun(parent, child, id, { lease, rules, options })
  } catch (error) {
    await lease.release()
    throw error
  }
}

/** A fork that crashed between its puts can leave a child without a pin. Nothing was written to it: fork it anew. */
async function mendFork(
  parent: OpenNamespace,
  child: OpenNamespace,
  about: RunOptions & { rules: readonly PolicyRule[] },
) {
  const head = (await child.head.current()).value
  try {
    await child.views.baseView(child.name, head.base as Base)
  } catch (error) {
    if (!(error instanceof MissingObjectError) || head.seq > 0) throw error
    const { base, put } = putPin(parent, child, (await parent.head.refresh()).value)
    await put
    const next = newHeadOfRun(child, base, about)
    await child.head.update(current => (current.seq > 0 ? undefined : { ...next, fences: current.fences }))
  }
}

async function takeOwnership(child: OpenNamespace, options: RunOptions): Promise<Lease> {
  const attempt = await ownerCell(child).tryAcquire({ ttlMs: options.ttlMs, label: options.label })
  if ('busy' in attempt) {
    const holder = describeHolder(attempt.busy.value.holder)
    throw new RunInUseError(
      child.name,
      `owned by ${holder}`,
      'Wait until it has ended, or until its lease has expired.',
    )
  }
  await raiseFence(child, OWNER_LEASE, attempt.lease.token)
  return attempt.lease
}

function openRun(
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
  const suffix = name.slice(name.lastIndexOf('/') + 1)
  return { author, rules: [], suffix, fence: token === undefined ? undefined : { name: OWNER_LEASE, token } }
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
