// The provider: what swamp asks a datastore for, each handed to the file that knows it.
import { join } from 'node:path'
import { defaultAuthor } from '../../identity.ts'
import type { Settings } from './config.ts'
import type { DatastoreProvider, LockOptions, SyncService } from './contract.ts'
import { controlPlaneOf } from './control-plane.ts'
import { type Binding, withFirstUse } from './first-use.ts'
import { SwampLock } from './lock.ts'
import { parseLockOptions } from './lock-options.ts'
import { listNamespaces, registerNamespace } from './namespaces.ts'
import { Places } from './places.ts'
import { runCachePath, tidyRunCaches } from './run-cache.ts'
import { createSyncService } from './sync/service.ts'
import { Verifier } from './verifier.ts'

export class Provider implements DatastoreProvider {
  readonly #places: Places

  constructor(settings: Settings) {
    this.#places = new Places(settings)
  }

  createLock(_datastorePath: string, options?: LockOptions): SwampLock {
    const parsed = parseLockOptions(options)
    const { namespace } = parsed
    return new SwampLock({ ...this.#beside(namespace), label: defaultAuthor() }, parsed)
  }

  createVerifier(): Verifier {
    return new Verifier(this.#places)
  }

  createSyncService(_repoDir: string, cachePath: string): SyncService {
    const places = this.#places
    const binding: Binding = { namespace: undefined }
    tidyRunCaches(cachePath, places.ambient).catch(() => undefined) // of use to the disk only
    const service = createSyncService({
      open: namespace => places.namespace(namespace),
      list: () => listNamespaces(places),
      cachePath,
      controlPlane: () => controlPlaneOf(this.#beside(binding.namespace)),
    })
    return withFirstUse(service, places, binding)
  }

  resolveDatastorePath(repoDir: string): string {
    return join(repoDir, '.swamp')
  }

  /** A run has a cache of its own, for commands in other runs of the same repository may be at work at the same time. */
  resolveCachePath(repoDir: string): string | undefined {
    const { run, store } = this.#places.settings
    if (!run) return undefined
    return runCachePath(store, run.name, repoDir)
  }

  registerNamespace(_datastorePath: string, namespace: string, repoId: string): Promise<void> {
    return registerNamespace(this.#places, namespace, repoId)
  }

  listNamespaces(_datastorePath: string): Promise<string[]> {
    return listNamespaces(this.#places)
  }

  /** Where what is written beside the namespace of a swamp namespace lies. */
  #beside(namespace: string | undefined) {
    const { objectsOfRun: objects, ambient } = this.#places
    const assertIsolated = () => this.#places.assertIsolated(namespace)
    return { objects, ambient, name: this.#places.nameOf(namespace), assertIsolated }
  }
}
