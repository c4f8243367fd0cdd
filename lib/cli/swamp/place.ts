// Where the swamp verbs work: a namespace of the store that the options, the environment or the configuration file name, and a datastore.
import { systemAmbient } from '../../ambient.ts'
import { type Config, findConfig } from '../../config.ts'
import { defaultAuthor } from '../../identity.ts'
import { type Datastore, openDatastore } from '../../integrations/swamp/import/datastore.ts'
import { parseNamespaceName } from '../../names.ts'
import { isImmutable } from '../../namespace/keys.ts'
import { type OpenNamespace, openNamespace } from '../../namespace/namespace.ts'
import { defaultCacheFolder } from '../../store/cached-store.ts'
import { openObjectStore } from '../../store/open.ts'
import type { SharedOptions } from '../context.ts'

export interface SwampPlace {
  readonly namespace: OpenNamespace
  readonly datastore: Datastore
  readonly config: Config
  readonly author: string
}

/** Who walks over everything once wants little of it kept in memory. */
const CACHE_BYTES = 2 * 1024 * 1024

/** An import and an export hold what the datastore has, all the time. */
export const HEAP_GROWTH_PERCENT = 40

/** `name`: runlet's namespace. Of the shared options, `--namespace` is swamp's here. */
export async function atSwamp<T>(
  shared: SharedOptions,
  { url, name }: { url: string; name: string },
  work: (place: SwampPlace) => Promise<T>,
): Promise<T> {
  const namespace = parseNamespaceName(name)
  const config = await findConfig({ store: shared.store, namespace: name })
  const { folder, author = defaultAuthor() } = config
  const datastore = await openDatastore(url, { namespace: shared.namespace, ambient: systemAmbient, folder })
  const cache = { folder: defaultCacheFolder(), isImmutable }
  const store = await openObjectStore(config.store, systemAmbient, { folder, cache })
  try {
    const open = openNamespace(store, namespace, systemAmbient, undefined, CACHE_BYTES)
    const result = await work({ namespace: open, datastore, config, author })
    await open.committer.idle()
    return result
  } finally {
    await Promise.all([store.close(), datastore.store.close()])
  }
}
