// Fences: the greatest fencing token of each lease that the head has seen, so that a write of an earlier holder is refused (G7). The head
// keeps those of the merge and the owner, and of the named locks, of which there may be thousands, the last few: any other lock's token
// stands in its lease, which is never deleted and whose token only grows.
import { LeaseCell } from '../lease/leases.ts'
import { isLockLease } from '../names.ts'
import type { NamespaceContext } from './context.ts'
import type { Head, NewHead } from './head.ts'
import { leaseKey } from './keys.ts'

/** The lease that a writer must still hold. */
export interface Fence {
  readonly name: string
  readonly token: number
}

type Fences = Head['fences']

/** So many locks' fences are kept: some 30 bytes each, in every write. */
const LOCKS_KEPT = 32

const locksIn = (fences: Fences): string[] => Object.keys(fences).filter(isLockLease)

/** With this fence, as the newest of them. */
export function withFence(fences: Fences, { name, token }: Fence): Fences {
  if (!isLockLease(name)) return { ...fences, [name]: token }
  const { [name]: _, ...others } = fences
  for (const oldest of locksIn(others).slice(0, 1 - LOCKS_KEPT)) delete others[oldest]
  return { ...others, [name]: token }
}

/**
 * Whether somebody else has had the lease since. Where the head may have forgotten the fence, its lease says so: one request. Who took it over
 * after that look writes, or raises the fence, after this head.
 */
export async function isFenced(context: NamespaceContext, { fences }: NewHead, fence: Fence): Promise<boolean> {
  const { name, token } = fence
  const known = fences[name]
  if (known !== undefined || !isLockLease(name) || locksIn(fences).length < LOCKS_KEPT) return (known ?? 0) > token
  const cell = new LeaseCell(context.store, leaseKey(context.name, name), name, context.ambient)
  return ((await cell.inspect())?.value.token ?? 0) > token
}

/** Refuses all writes that name an earlier holder of the lease. Part of taking it over: done before it is relied upon. */
export async function raiseFence(context: NamespaceContext, fence: Fence): Promise<void> {
  await context.head.update(async ({ write: _, ...head }) => {
    const isRaised = head.fences[fence.name] === fence.token || (await isFenced(context, head, fence))
    return isRaised ? undefined : { ...head, fences: withFence(head.fences, fence) }
  })
}
