// Where the verbs of worktrees work: the checkout around this folder, and the store that its namespace is in.
import { findConfig } from '../../config.ts'
import type { Attachment } from '../../integrations/worktree/records.ts'
import { openStore, type Store } from '../../runlet.ts'

/** Opens the store of a worktree's namespace, whatever the environment names now. */
export async function atAttached<T>(
  { store: url, namespace }: Attachment,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { author } = await findConfig({ store: url, namespace })
  const store = await openStore(url, { author })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
