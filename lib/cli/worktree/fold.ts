// `runlet worktree fold`: folds this worktree's namespace into its parent. What is refused leaves it as it was.
import { attachmentOf, checkoutOf, foldWorktree, statusOf } from '../../integrations/worktree/worktree.ts'
import { splitName } from '../../names.ts'
import { parseConflictOption } from '../conflict-option.ts'
import type { Verb } from '../context.ts'
import { during } from '../progress.ts'
import { foldMessage } from '../run/messages.ts'
import { nextMessage } from './messages.ts'
import { atAttached } from './place.ts'

interface FoldOptions {
  readonly message?: string
  readonly onConflict?: string[]
}

export const verb: Verb<FoldOptions, []> = async ({ output }, { message, ...options }) => {
  const onConflict = parseConflictOption(options.onConflict)
  const checkout = await checkoutOf(process.cwd())
  const attachment = await attachmentOf(checkout)
  const { parent, id } = splitName(attachment.namespace)
  const fold = await atAttached(attachment, store =>
    during(
      output,
      `folding ${attachment.namespace}`,
      foldWorktree(store, checkout, attachment, { onConflict, message }),
    ),
  )
  const { isNew } = await statusOf(checkout)
  const named = { id, name: attachment.namespace, parent: { name: parent } }
  const about = { run: named.name, id, parent, worktree: checkout.root, next: isNew ? 'fork' : 'none', ...fold }
  await output.result(about, `${foldMessage(named, fold)}; ${nextMessage(isNew)}`)
  return undefined
}
