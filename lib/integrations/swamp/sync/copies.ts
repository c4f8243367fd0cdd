// The working copies of a cache: the cache itself for swamp without a namespace, `{namespace}/` in it for one with. Each is opened when
// it is first used, and used by one operation of this process after the other.
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { CopyMismatchError } from '../../../errors.ts'
import { isSegment, type Path } from '../../../names.ts'
import { ifMissing } from '../../../sync/local-files.ts'
import { STATE_FOLDER } from '../../../sync/ours.ts'
import type { CopyOptions, WorkingCopy } from '../../../sync/working-copy.ts'
import { isNeverSynced } from '../never-synced.ts'
import type { SyncAbout } from './contract.ts'
import { below, isDerived } from './paths.ts'

/** Beside what a copy knows, so that whoever removes that removes this too. */
const WHOLE = join(STATE_FOLDER, 'copy', 'swamp-whole')

export interface Place {
  readonly copy: WorkingCopy
  /** Of runlet. */
  readonly namespace: string
  /** Whether this process has pushed from here. */
  hasPushed: boolean
  /** What the paths start with that were pulled alone, and not pushed since: a command is at work on a model. */
  readonly atWork: Set<string>
}

interface Opened {
  readonly turns: PQueue
  place: Promise<Place> | undefined
}

export class Copies {
  readonly #about: Pick<SyncAbout, 'open' | 'cachePath'>
  readonly #opened = new Map<string, Opened>()
  /** The folders of the cache that belong to namespaces, as they were last looked at. */
  #folders: ReadonlySet<string> = new Set()

  constructor(about: Pick<SyncAbout, 'open' | 'cachePath'>) {
    this.#about = about
  }

  /** Works with the copy of a swamp namespace, when nothing else of this process does. */
  use<T>(namespace: string | undefined, work: (place: Place) => Promise<T>): Promise<T> {
    const opened = this.#opened.get(namespace ?? '') ?? { turns: new PQueue({ concurrency: 1 }), place: undefined }
    this.#opened.set(namespace ?? '', opened)
    return opened.turns.add(async () => {
      if (namespace === undefined) this.#folders = await this.#namespaceFolders()
      opened.place ??= this.#open(namespace)
      opened.place.catch(() => {
        opened.place = undefined
      })
      return work(await opened.place)
    })
  }

  /** Which namespace a path of the cache belongs to, by the folder that it lies in, and what it is called there. */
  async locate(path: Path): Promise<{ namespace: string | undefined; path: string }> {
    const [first = ''] = path.split('/', 1)
    const rest = below(first, path)
    const isIn = rest !== undefined && (this.#opened.has(first) || (await this.#isNamespaceFolder(first)))
    return isIn ? { namespace: first, path: rest } : { namespace: undefined, path }
  }

  /** What a path of the cache is called in a namespace; '' for its folder, undefined for what lies elsewhere. */
  pathIn(namespace: string | undefined, path: string): string | undefined {
    if (namespace !== undefined) return path === namespace ? '' : below(namespace, path)
    return this.#folders.has(path.split('/', 1)[0] ?? '') ? undefined : path
  }

  /** Whether all of a copy was looked at by a push that succeeded. */
  wasWhole({ copy }: Place): Promise<boolean> {
    return isThere(join(copy.directory, WHOLE))
  }

  async noteWhole({ copy }: Place): Promise<void> {
    await writeFile(join(copy.directory, WHOLE), '')
  }

  async dispose(): Promise<void> {
    for (const { turns, place } of this.#opened.values()) {
      await turns.onIdle()
      await (await place?.catch(() => undefined))?.copy.dispose()
    }
    this.#opened.clear()
  }

  async #open(name: string | undefined): Promise<Place> {
    const namespace = await this.#about.open(name)
    const directory = name === undefined ? this.#about.cachePath : join(this.#about.cachePath, name)
    const isOthers = (path: string) => name === undefined && this.#folders.has(path.split('/', 1)[0] ?? '')
    const exclude = (path: string) => isNeverSynced(path) || isOthers(path)
    const options: CopyOptions = { exclude, derived: isDerived }
    const open = () => namespace.workingCopy(directory, options)
    const copy = await open().catch(async error => {
      if (!(error instanceof CopyMismatchError)) throw error
      // The cache was used for another namespace of the store, by another configuration. What it has goes on as a copy of this one.
      await (await namespace.workingCopy(directory, { ...options, rebind: true })).dispose()
      return open()
    })
    return { copy, namespace: namespace.name, hasPushed: false, atWork: new Set() }
  }

  async #namespaceFolders(): Promise<Set<string>> {
    const entries = (await readdir(this.#about.cachePath, { withFileTypes: true }).catch(ifMissing)) ?? []
    const names = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
    const are = await Promise.all(names.map(name => this.#isNamespaceFolder(name)))
    return new Set(names.filter((name, i) => are[i] || this.#opened.has(name)))
  }

  async #isNamespaceFolder(name: string): Promise<boolean> {
    if (!isSegment(name)) return false
    const folder = join(this.#about.cachePath, name)
    return (await isThere(join(folder, STATE_FOLDER, 'copy'))) || (await isThere(join(folder, '.namespace.json')))
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
