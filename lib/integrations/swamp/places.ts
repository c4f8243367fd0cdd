// Where a provider's data lies: its store, opened once in a process, and the namespaces in it. Solo data lies in the parent, that of a
// swamp namespace in the child of its name, and in a run all of it in the run's own namespace, which sees what its parent has.
//
// Nothing is asked of the store to open a namespace: what does not exist yet is found out by its first use, and made then (`make`). So
// a command that finds nothing to do costs one request.
import { type Ambient, systemAmbient } from '../../ambient.ts'
import { ConfigError, NamespaceSealedError, RunInUseError } from '../../errors.ts'
import { defaultAuthor } from '../../identity.ts'
import { childName, type NamespaceName, parseSegment, splitName } from '../../names.ts'
import { hasEnded } from '../../namespace/head.ts'
import { isImmutable } from '../../namespace/keys.ts'
import { type Namespace, Store } from '../../runlet.ts'
import { defaultCacheFolder } from '../../store/cached-store.ts'
import type { ObjectStore } from '../../store/object-store.ts'
import { fullStoreUrl, openObjectStore } from '../../store/open.ts'
import { FORK_TTL_MS, forkUnowned } from '../unowned-run.ts'
import { DATASTORE_TYPE, isWithin, type Settings } from './config.ts'

interface Opened {
  readonly objects: ObjectStore
  readonly store: Store
  /** Runs that are known to be there. */
  readonly runs: Set<NamespaceName>
}

/** Swamp makes a provider for each thing that it does: they share connections. It never says that it is done with one. */
const opened = new Map<string, Promise<Opened>>()

export class Places {
  readonly settings: Settings
  readonly ambient: Ambient = systemAmbient

  constructor(settings: Settings) {
    this.settings = settings
  }

  /** The namespace in which what belongs to a swamp namespace lies; undefined or empty: to none. */
  nameOf(namespace?: string): NamespaceName {
    const { parent, run } = this.settings
    const name = namespace ? childName(parent, parseSegment(namespace, 'swamp namespace')) : parent
    return run && isWithin(run.name, name) ? run.name : name
  }

  /** @throws ConfigError when this process works in a run, and what it is about to write to is not a part of it */
  assertIsolated(namespace?: string): void {
    const { run } = this.settings
    const name = this.nameOf(namespace)
    if (!run || name === run.name) return
    throw new ConfigError(
      run.fork ? `datastore ${DATASTORE_TYPE} run` : 'RUNLET_NAMESPACE',
      `"${run.name}" is no run of "${name}", so what is written there would not be isolated`,
      run.fork
        ? `Begin it with the swamp namespace: "run: ${namespace}/ID".`
        : `Fork one of that: \`runlet run --namespace ${name} -- swamp …\`.`,
    )
  }

  /** Asks the store nothing. */
  async namespace(namespace?: string): Promise<Namespace> {
    const { store } = await this.#open()
    return store.namespace(this.nameOf(namespace), { assumeExists: true })
  }

  /** Makes what its first use found missing. Resolves to whether there was anything to make: else it must be there. */
  async make(namespace?: string): Promise<boolean> {
    const { run } = this.settings
    const name = this.nameOf(namespace)
    const { store } = await this.#open()
    if (run?.name !== name) await create(store, name)
    else if (run.fork) await forkAtFirstUse(store, name, this.settings.parent)
    else return false
    return true
  }

  readonly objects = async (): Promise<ObjectStore> => (await this.#open()).objects

  /**
   * For what is written beside a namespace, and so would not find out that there is none.
   * @throws NamespaceNotFoundError when the environment names a run that is not there
   */
  readonly objectsOfRun = async (): Promise<ObjectStore> => {
    const { objects, store, runs } = await this.#open()
    const { run } = this.settings
    if (run && !run.fork && !runs.has(run.name)) {
      await store.namespace(run.name)
      runs.add(run.name)
    }
    return objects
  }

  async #open(): Promise<Opened> {
    const url = await fullStoreUrl(this.settings.store, '/')
    await this.#assertStoreOfRun(url)
    const known = opened.get(url)
    if (known) return known
    const opening = openBoth(url, this.ambient)
    opened.set(url, opening)
    opening.catch(() => opened.delete(url))
    return opening
  }

  async #assertStoreOfRun(url: string): Promise<void> {
    const { storeOfRun } = this.settings
    if (storeOfRun === undefined || (await fullStoreUrl(storeOfRun, process.cwd())) === url) return
    throw new ConfigError(
      'RUNLET_STORE',
      `the run of RUNLET_NAMESPACE is in another store than datastore ${DATASTORE_TYPE}`,
      'Give `runlet run` the store that the datastore has (--store), or start swamp without RUNLET_NAMESPACE.',
    )
  }
}

async function openBoth(url: string, ambient: Ambient): Promise<Opened> {
  const cache = { folder: defaultCacheFolder(), isImmutable }
  const objects = await openObjectStore(url, ambient, { folder: '/', cache })
  return { objects, store: new Store(objects, ambient, defaultAuthor()), runs: new Set() }
}

async function create(store: Store, name: NamespaceName): Promise<void> {
  const { state } = await store.namespace(name, { create: true })
  if (hasEnded(state)) throw new NamespaceSealedError(name, state)
}

/** Forks the run, for no process lives as long as its commands; unless somebody lives in it. */
async function forkAtFirstUse(store: Store, name: NamespaceName, parent: NamespaceName): Promise<void> {
  const { parent: above, id } = splitName(name)
  const namespace = await store.namespace(above, { create: above === parent })
  const options = { label: `swamp (${defaultAuthor()})`.slice(0, 128), ttlMs: FORK_TTL_MS }
  await forkUnowned(namespace, id, options).catch(error => {
    if (!(error instanceof RunInUseError)) throw error
  })
}
