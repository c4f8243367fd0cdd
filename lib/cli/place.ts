// Where a verb works: the store and the namespace that the options, the environment or the configuration file name.
// Inside a program that `runlet run` started that is the run; the library signs what is written there as its owner's (G7). In a git
// worktree it is that worktree's namespace, which the first command forks.
import { type Config, findConfig } from '../config.ts'
import { InvalidArgumentError } from '../errors.ts'
import { openPlace } from '../integrations/worktree/use.ts'
import { type Namespace, openStore, type Store } from '../runlet.ts'
import type { SharedOptions } from './context.ts'
import { Output } from './output.ts'
import { during } from './progress.ts'

export interface Place {
  readonly store: Store
  readonly namespace: Namespace
  readonly config: Config
}

/** Opens the namespace, does the work, and waits for what runs in the background before closing the store. */
export function atNamespace<T>(
  shared: SharedOptions,
  work: (place: Place) => Promise<T>,
  options: { assumeExists?: boolean } = {},
): Promise<T> {
  return atStore(shared, {}, async (store, config) => {
    const output = new Output(shared)
    const onFork = (namespace: string, worktree: string) =>
      output.say(`forked ${namespace} for the worktree ${worktree}`)
    const opening = openPlace(store, config, { ...options, onFork })
    return work({ store, namespace: await during(output, `opening ${config.namespace}`, opening), config })
  })
}

/** Opens the store alone. `otherwise` fills in what nothing names. */
export async function atStore<T>(
  shared: SharedOptions,
  otherwise: { namespace?: string },
  work: (store: Store, config: Config) => Promise<T>,
): Promise<T> {
  const config = await findConfig({
    store: given('--store', shared.store),
    namespace: given('--namespace', shared.namespace) ?? otherwise.namespace,
  })
  const store = await openStore(config.store, { author: config.author, folder: config.folder })
  try {
    return await work(store, config)
  } finally {
    await store.close()
  }
}

/** An empty option is a variable that a script forgot to set; it must not fall through to the configuration. */
function given(option: string, value: string | undefined): string | undefined {
  if (value === '') throw new InvalidArgumentError(option, 'is empty', 'Give a value, or leave the option out.')
  return value
}
