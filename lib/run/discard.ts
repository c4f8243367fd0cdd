// Discarding a run: its head says so, then its pin goes. Its objects are the sweep's to delete.
import { AccessDeniedError, NamespaceSealedError, OpenChildrenError } from '../errors.ts'
import { openChildren, removeAllPins } from './pin.ts'
import { assertOwner, finalFences, type OpenRun } from './run.ts'

/**
 * Discards what the run wrote. Discarding a discarded run again changes nothing; a folded one cannot be discarded. Who may write the
 * run but not its parent leaves the pin to whoever may: the run is discarded all the same.
 */
export async function discardRun(run: OpenRun): Promise<void> {
  await run.child.committer.idle()
  const children = await openChildren(run.child)
  if (children.length > 0) throw new OpenChildrenError(run.name, children)
  const { value } = await run.child.head.update(head => {
    assertOwner(head, run)
    const { write: _, ...rest } = head
    return head.state === 'folded' || head.state === 'discarded'
      ? undefined
      : { ...rest, state: 'discarded', fences: finalFences(head, run) }
  })
  if (value.state === 'folded') throw new NamespaceSealedError(run.name, 'folded')
  await run.lease?.abandon()
  await removeAllPins(run.parent, value).catch(error => {
    if (!(error instanceof AccessDeniedError)) throw error
  })
}
