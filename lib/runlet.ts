// The public Store, and how it is opened. What it opens is in runs-and-namespaces.ts.
import { type Ambient, systemAmbient } from './ambient.ts'
import { ownerToken } from './config.ts'
import { NamespaceNotFoundError } from './errors.ts'
import { defaultAuthor } from './identity.ts'
import { later } from './later.ts'
import { parseNamespaceName } from './names.ts'
import { backgroundsOf } from './namespace/background.ts'
import { isImmutable } from './namespace/keys.ts'
import * as ns from './namespace/namespace.ts'
import { type OpenOptions, parseOpenOptions, parseSweepOptions, type SweepOptions } from './options.ts'
import { signingOf } from './run/run.ts'
import type { SweepReport } from './run/sweep/report.ts'
import { Namespace } from './runs-and-namespaces.ts'
import { defaultCacheFolder } from './store/cached-store.ts'
import type { DoctorOptions, DoctorReport } from './store/doctor.ts'
import { markStore } from './store/format.ts'
import { setGrace } from './store/grace.ts'
import type { Meter } from './store/metered-store.ts'
import type { ObjectStore } from './store/object-store.ts'
import { openObjectStore } from './store/open.ts'

export { type HeldLock, Namespace, Run } from './runs-and-namespaces.ts'

/**
 * Opens a store: `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true`, `file:./folder` or `memory:`. Makes no request: credentials
 * are those of the standard AWS chain, and what is wrong with them shows at the first use.
 * @returns a store that is to be closed
 * @throws InvalidStoreUrlError, InvalidArgumentError
 */
export async function openStore(url: string, options: OpenOptions = {}): Promise<Store> {
  const {
    ambient = systemAmbient,
    folder = process.cwd(),
    author = defaultAuthor(),
    graceMs,
  } = parseOpenOptions(options)
  const cache = { folder: defaultCacheFolder(), isImmutable }
  const objects = await openObjectStore(url, ambient, { folder, cache })
  if (graceMs !== undefined) setGrace(objects, graceMs)
  return new Store(objects, ambient, author)
}

/** How long upkeep goes on in the background when a store is closed; what it is at by then it finishes. */
const UPKEEP_MS = 2_000

/**
 * A bucket and prefix (or a folder, or memory) that holds namespaces. May be used by any number of calls at once.
 *
 * All that asks the store throws StoreError when it cannot be reached after retries, AccessDeniedError, and ThrottledError.
 */
export class Store {
  /** The URL that opens it again. */
  readonly url: string
  readonly #objects: ObjectStore
  readonly #ambient: Ambient
  readonly #author: string

  /** @internal */
  constructor(objects: ObjectStore, ambient: Ambient, author: string) {
    this.url = objects.url
    this.#objects = objects
    this.#ambient = ambient
    this.#author = author
  }

  /**
   * Opens a namespace (one request); with `create`, makes it if it does not exist; with `assumeExists`, leaves it to the first
   * use to find that out (no request).
   * @param name segments of 1 to 64 of a-z, 0-9, '.', '_' and '-', joined by '/': `control-plane`, or of a run `control-plane/build-1742`
   * @throws InvalidNameError, NamespaceNotFoundError, FormatVersionError, CorruptObjectError
   */
  async namespace(name: string, options: { create?: boolean; assumeExists?: boolean } = {}): Promise<Namespace> {
    const open = ns.openNamespace(this.#objects, parseNamespaceName(name), this.#ambient)
    const signing = signingOf(open.name, this.#author, ownerToken(this.url, name))
    if (!options.assumeExists && !(await open.head.peek())) {
      if (!options.create) throw new NamespaceNotFoundError(name)
      await markStore(this.#objects)
      await ns.createNamespace(open)
    }
    return new Namespace(open, this.#author, signing)
  }

  /**
   * Tries every property that the protocols need of this store, from several threads where it matters, and cleans up, also when the
   * signal ends it. Takes ten seconds or so.
   * @returns a report of each property; a store that lacks one is no error
   */
  async doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
    const { onProgress, signal } = options
    // A memory store cannot be opened a second time.
    const open =
      this.#objects.kind === 'memory'
        ? undefined
        : (url: string) => openObjectStore(url, this.#ambient, { folder: '/' })
    const { examine } = await later.doctor()
    return examine(this.#objects, this.#ambient, { onProgress, signal, open })
  }

  /**
   * Finishes what crashes interrupted, treats runs whose owners are gone as their forks chose, and deletes what nothing reaches, once a
   * grace period has passed (G9). Needs no writer to pause, and may run on several machines at once; what it costs follows what there is
   * to do. With `dryRun` it says what it would do, and changes nothing.
   * @throws AbortedError; what goes wrong with one namespace is told in the report and does not stop the others
   */
  async sweep(options?: SweepOptions): Promise<SweepReport & Readonly<Meter>> {
    const sweep = { ...parseSweepOptions(options), author: this.#author }
    const { sweepStore } = await later.sweep()
    return sweepStore(this.#objects, this.#ambient, sweep)
  }

  /**
   * Waits for what runs in the background (long upkeep is cut short, which loses nothing), and ends connections. What is asked of it
   * afterwards is refused with StoreClosedError, and a run that was never given back is somebody else's once its lease has expired.
   */
  async close(): Promise<void> {
    const done = new AbortController()
    const late = this.#ambient.sleep(UPKEEP_MS, { signal: done.signal, background: true })
    void late.then(
      () => {
        for (const { closing } of backgroundsOf(this.#objects)) closing.abort()
      },
      () => undefined,
    )
    await Promise.all(backgroundsOf(this.#objects).map(work => work.idle()))
    done.abort()
    await this.#objects.close()
  }
}
