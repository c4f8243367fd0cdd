// Discarding a run: its head says so, then its pin goes. Its objects are the sweep's to delete.
// Of a sealed run a fold may still be on its way, in the hands of a process that sleeps or in the parent's queue. So the parent is told
// first, by a commit of nothing that has the fold's origin: the fold meets it there, or it meets the fold.
import { AccessDeniedError, NamespaceSealedError, OpenChildrenError } from '../errors.ts'
import type { Outcome } from '../namespace/batch.ts'
import { commit } from '../namespace/commit.ts'
import { errorOf } from '../namespace/committer.ts'
import { type Head, hasEnded } from '../namespace/head.ts'
import { newId } from '../namespace/object-id.ts'
import { end, rowsOfHead } from './fold.ts'
import { openChildren, removeAllPins } from './pin.ts'
import { assertOwner, finalFences, type OpenRun } from './run.ts'
import { noteEnded } from './sweep/garbage-list.ts'

/**
 * Discards what the run wrote. Discarding a discarded run again changes nothing; a folded one cannot be discarded. Who may write the
 * run but not its parent leaves the pin to whoever may: the run is discarded all the same.
 */
export async function discardRun(run: OpenRun, author: string): Promise<void> {
  await run.child.committer.idle()
  const children = await openChildren(run.child)
  if (children.length > 0) throw new OpenChildrenError(run.name, children)
  let folded: number | undefined
  let wasOpen = false
  const { value } = await run.child.head.update(async head => {
    assertOwner(head, run)
    wasOpen = head.state === 'open'
    folded = head.state === 'sealed' ? await refuseFold(run, head, author) : undefined
    if (folded !== undefined) return undefined
    const { write: _, ...rest } = head
    return hasEnded(head.state)
      ? undefined
      : { ...rest, state: 'discarded', endedAt: run.child.ambient.now(), fences: finalFences(head, run) }
  })
  if (folded !== undefined) await end(run, { seq: folded, rows: rowsOfHead(value) })
  if (folded !== undefined || value.state === 'folded') throw new NamespaceSealedError(run.name, 'folded')
  if (wasOpen) await assertNoneForked(run)
  await run.lease?.abandon()
  try {
    await noteEnded(run.parent, run.name)
    await removeAllPins(run.parent, value)
  } catch (error) {
    if (!(error instanceof AccessDeniedError)) throw error
  }
}

/** A fork looks at its parent again after its pin is put: so it has seen the end of the run, or is seen here, and the run goes on. */
async function assertNoneForked(run: OpenRun): Promise<void> {
  const children = await openChildren(run.child)
  if (children.length === 0) return
  await run.child.head.update(head => {
    assertOwner(head, run)
    const { write: _, endedAt: __, ...rest } = head
    return head.state === 'discarded' ? { ...rest, state: 'open' } : undefined
  })
  throw new OpenChildrenError(run.name, children)
}

/** Has the parent refuse every fold of the sealed run; resolves to the commit of the fold if one was faster. */
async function refuseFold(run: OpenRun, head: Head, author: string): Promise<number | undefined> {
  const { base } = head
  if (!base || rowsOfHead(head) === 0) return undefined
  const refusal = {
    id: newId(run.parent.ambient),
    since: base.seq,
    sinceFork: base.below,
    base: () => run.child.views.baseView(run.name, base),
    at: run.parent.ambient.now(),
    author,
    message: `discard ${run.name}`,
    sets: [],
    rules: [],
    suffix: run.id,
    origin: { run: run.name, fork: base.fork, seq: head.seq, discarded: true as const },
  }
  const [outcome] = (await commit(run.parent, [refusal])) as [Outcome]
  if (outcome.kind !== 'committed') throw errorOf(run.parent, outcome)
  return outcome.rows > 0 ? outcome.seq : undefined
}
