/**
 * Runlet as a datastore of swamp. An extension's file needs a few lines; see examples/swamp.
 * @module runlet/swamp
 */
import { configSchema, DATASTORE_TYPE, parseSettings } from './config.ts'
import type { Datastore, DatastoreProvider } from './contract.ts'
import { Provider } from './provider.ts'

export type * from './contract.ts'
export { LockTimeoutError } from './lock-timeout.ts'
export { NamespaceTakenError } from './namespaces.ts'

/** What an extension's file exports, for swamp to find: see {@link Datastore}. */
export const datastore: Datastore = {
  type: DATASTORE_TYPE,
  name: 'Runlet',
  description:
    'Data in a runlet store: an S3-compatible bucket or a folder, without an index that all have to rewrite. Each pipeline run can work in a child namespace of its own, folded into its parent at the end.',
  configSchema,
  createProvider(config: unknown): DatastoreProvider {
    return new Provider(parseSettings(config, process.env))
  },
}
