// `runlet worktree attach [RUN]`: gives this checkout a namespace by hand, a new one or a run that is there.
import type { OnRemoved } from '../../integrations/worktree/records.ts'
import { attach, checkoutOf, configToAttach } from '../../integrations/worktree/worktree.ts'
import { openStore } from '../../runlet.ts'
import type { Verb } from '../context.ts'
import { during } from '../progress.ts'

export const verb: Verb<{ onRemoved?: OnRemoved }, [name?: string]> = async (
  { shared, output },
  { onRemoved },
  name,
) => {
  const checkout = await checkoutOf(process.cwd())
  const config = await configToAttach(checkout, shared)
  const store = await openStore(config.store, { author: config.author, folder: config.folder })
  try {
    const { namespace, forked } = await during(
      output,
      `attaching ${checkout.root}`,
      attach(store, config, checkout, { name, onRemoved }),
    )
    const told = `${forked ? 'forked' : 'attached to'} ${namespace.name} for the worktree ${checkout.root}`
    await output.result({ namespace: namespace.name, worktree: checkout.root, store: store.url, forked }, told)
    return undefined
  } finally {
    await store.close()
  }
}
