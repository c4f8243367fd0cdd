// Resuming a run whose owner is gone: its lease is taken over, and its head refuses the old owner from then on (G7).
import { LockTimeoutError, MissingObjectError, RunInUseError, RunNotFoundError } from '../errors.ts'
import { childName, type Segment } from '../names.ts'
import { type Base, hasEnded } from '../namespace/head.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { type PolicyRule, parsePolicy } from '../namespace/policy.ts'
import { isAwhileAgo, momentOf } from '../store/grace.ts'
import { newHeadOfRun, putPin, removePins } from './pin.ts'
import { type OpenRun, openRun, type RunOptions, takeOwnership } from './run.ts'

/**
 * Takes over a run whose owner is gone. A run that has ended is opened without a lease, so that folding it again can say so.
 * @throws RunNotFoundError, RunInUseError when its owner is alive.
 */
export async function resumeRun(parent: OpenNamespace, id: Segment, options: RunOptions): Promise<OpenRun> {
  const child = openNamespace(parent.store, childName(parent.name, id), parent.ambient)
  const head = (await child.head.peek())?.value
  if (!head?.base) throw new RunNotFoundError(child.name)
  const rules = parsePolicy(options.onConflict ?? head.run?.onConflict)
  if (hasEnded(head.state)) {
    return openRun(parent, child, id, { lease: undefined, rules, options })
  }
  const lease = await takeOwnership(child, options, 'if-free').catch(error => {
    if (!(error instanceof LockTimeoutError)) throw error
    throw new RunInUseError(child.name, error.holder, true)
  })
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
    await forkAnew(parent, child, about)
  }
}

/** Starts over when a sweep came between that did not see the new pin; see fork.ts. */
async function forkAnew(
  parent: OpenNamespace,
  child: OpenNamespace,
  about: RunOptions & { rules: readonly PolicyRule[] },
): Promise<void> {
  for (;;) {
    const began = momentOf(parent.ambient)
    const { value: head } = await parent.head.refresh()
    const { base, put } = putPin(parent, child, head, about)
    await put
    let swept = false
    const next = newHeadOfRun(child, base, about)
    await child.head.update(async ({ seq, fences, sweeps, after, earlier }) => {
      swept = isAwhileAgo(began, parent) && (await parent.head.refresh()).value.sweeps !== head.sweeps
      if (swept || seq > 0) return undefined
      return { ...next, fences, sweeps, ...(after !== undefined && { after }), ...(earlier && { earlier }) }
    })
    if (!swept) return
    await removePins(parent, child.name, [base])
  }
}
