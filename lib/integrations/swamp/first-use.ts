// What a provider adds to its sync service: the first use makes what is missing (a namespace, the run that the configuration names), a
// run is never written around, and the control plane is that of the namespace which swamp has bound by using it.
import { NamespaceNotFoundError } from '../../errors.ts'
import type { ControlPlaneStore, SyncOptions, SyncService } from './contract.ts'
import type { Places } from './places.ts'

export interface Binding {
  /** The swamp namespace of the last sync. */
  namespace: string | undefined
}

export function withFirstUse(service: SyncService, places: Places, binding: Binding): SyncService {
  const use = async <T>(namespace: string | undefined, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      const isOurs = error instanceof NamespaceNotFoundError && error.namespace === places.nameOf(namespace)
      if (!isOurs || !(await places.make(namespace))) throw error
      return work()
    }
  }
  const read = <T>(options: SyncOptions | undefined, work: () => Promise<T>): Promise<T> => {
    const namespace = options?.namespace || undefined
    binding.namespace = namespace ?? binding.namespace
    return use(namespace, work)
  }
  const write = async <T>(options: SyncOptions | undefined, work: () => Promise<T>): Promise<T> => {
    places.assertIsolated(options?.namespace)
    return read(options, work)
  }
  return {
    capabilities: () => service.capabilities(),
    markDirty: options => service.markDirty(options),
    pullChanged: options => read(options, () => service.pullChanged(options)),
    hydrateFile: (relPath, options) => read(options, () => service.hydrateFile(relPath, options)),
    pushChanged: options => write(options, () => service.pushChanged(options)),
    preparePush: options => write(options, () => service.preparePush(options)),
    commitPush: (manifest, options) => write(options, () => service.commitPush(manifest, options)),
    exportCatalog: (namespace, rows, signal) =>
      write({ namespace }, () => service.exportCatalog(namespace, rows, signal)),
    pullForeignCatalogs: (namespaces, signal) => service.pullForeignCatalogs(namespaces, signal),
    fetchForeignContent: (namespace, relPath, signal) => service.fetchForeignContent(namespace, relPath, signal),
    controlPlaneStore: (): ControlPlaneStore => service.controlPlaneStore(),
  }
}
