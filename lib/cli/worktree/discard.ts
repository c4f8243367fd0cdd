// `runlet worktree discard`: drops this worktree's namespace with all that was written to it.
import { attachmentOf, checkoutOf, discardWorktree, statusOf } from '../../integrations/worktree/worktree.ts'
import type { Verb } from '../context.ts'
import { during } from '../progress.ts'
import { nextMessage } from './messages.ts'
import { atAttached } from './place.ts'

export const verb: Verb<object, []> = async ({ output }) => {
  const checkout = await checkoutOf(process.cwd())
  const attachment = await attachmentOf(checkout)
  await atAttached(attachment, store =>
    during(output, `discarding ${attachment.namespace}`, discardWorktree(store, checkout, attachment)),
  )
  const { isNew } = await statusOf(checkout)
  const about = { run: attachment.namespace, worktree: checkout.root, next: isNew ? 'fork' : 'none' }
  await output.result(about, `discarded ${attachment.namespace}; ${nextMessage(isNew)}`)
  return undefined
}
