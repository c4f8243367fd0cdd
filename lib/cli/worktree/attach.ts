// `runlet worktree attach [RUN]`: gives this checkout a namespace by hand, a new one or a run that is there.
import { attach, checkoutOf, configToAttach } from '../../integrations/worktree/worktree.ts'
import { openStore } from '../../runlet.ts'
import type { Verb } from '../context.ts'
import { during } from '../progress.ts'
import { parseOnRemoved } from './on-removed.ts'

export const verb: Verb<{ onRemoved?: string }, [name?: string]> = async ({ shared, output }, options, name) => {
  const onRemoved = parseOnRemoved(options.onRemoved)
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
