// The sync service of the datastore for swamp: a cache kept in step with runlet's namespaces. Swamp writes to the cache, and says before
// what it is about to write; this moves just that, in commits of which others see all or nothing (G2), and never overwrites what others
// wrote since (G4). It holds no lock: swamp does, to know what it works on, and nothing here relies on it.
//
//   pullChanged  ->  copies  ->  a pull, of some prefixes, without content
//   markDirty    ->  marks (on the disk)
//   pushChanged  =  preparePush  ->  look  ->  a prepared push;  commitPush  ->  its publication  ->  marks that are done with
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ambient, systemAmbient } from '../../../ambient.ts'
import { AbortedError, ConflictError, InvalidArgumentError } from '../../../errors.ts'
import { parsePath } from '../../../names.ts'
import type { PreparedPush } from '../../../sync/working-copy.ts'
import * as z from '../../../vendor/zod.ts'
import { readCatalogs, readForeign, writeCatalog } from './catalogs.ts'
import type {
  CatalogRow,
  ControlPlaneStore,
  ForeignCatalog,
  PushManifest,
  SyncAbout,
  SyncCapabilities,
  SyncModel,
  SyncOptions,
  SyncService,
} from './contract.ts'
import { Copies, type Place } from './copies.ts'
import { asAbortError, SyncConflictError } from './errors.ts'
import { doneWith, type Look, marksIn, whereToLook } from './look.ts'
import { Marks } from './marks.ts'
import { below, CATALOG, isContent, parseNamespace, parseRelPath, prefixesOf } from './paths.ts'

/** What `log` shows of the commits that swamp makes. */
const MESSAGE = 'swamp'

const manifestSchema = z.object({
  format: z.literal(1),
  namespace: z.string(),
  /** `publish` parses it. */
  prepared: z.custom<PreparedPush>(value => typeof value === 'object' && value !== null),
  /** Whether all of the cache was looked at. */
  whole: z.boolean(),
  /** The marks that are done with when it is published. */
  marks: z.array(z.string().regex(/^[\w-]+$/)),
})

type Manifest = z.infer<typeof manifestSchema>

/** A sync service, and the end of it: swamp has none, a process that goes on does. */
export type DisposableSyncService = SyncService & { dispose(): Promise<void> }

export function createSyncService(about: SyncAbout): DisposableSyncService {
  return new CacheSync(about, systemAmbient)
}

class CacheSync implements DisposableSyncService {
  readonly #about: SyncAbout
  readonly #ambient: Ambient
  readonly #copies: Copies
  readonly #marks: Marks
  /** The namespace of the last operation that named one: paths that name none are of it. */
  #bound: string | undefined

  constructor(about: SyncAbout, ambient: Ambient) {
    this.#about = about
    this.#ambient = ambient
    this.#copies = new Copies(about)
    this.#marks = new Marks(about.cachePath, ambient)
  }

  capabilities(): SyncCapabilities {
    return { scopedSync: true, namespacedSync: true, twoPhaseSync: true, lazyHydration: true, controlPlane: true }
  }

  async pullChanged(options: SyncOptions = {}): Promise<number> {
    const { signal, metadataOnly } = options
    const prefixes = modelsOf(options) && prefixesOf(modelsOf(options) ?? [])
    return this.#within('pull', this.#bind(options), signal, async place => {
      for (const prefix of prefixes ?? []) place.atWork.add(prefix)
      const pulled = await place.copy.pull({ prefixes, skip: metadataOnly ? isContent : undefined, signal })
      const conflicts = pulled.conflicts.filter(path => !prefixes || prefixes.some(prefix => path.startsWith(prefix)))
      if (conflicts.length > 0) throw conflictIn(place, conflicts)
      return pulled.written + pulled.removed
    })
  }

  async pushChanged(options: SyncOptions = {}): Promise<number> {
    const namespace = this.#bind(options)
    const models = modelsOf(options)
    return this.#within('push', namespace, options.signal, async place => {
      const manifest = await this.#prepare(place, { namespace, models, signal: options.signal })
      return this.#commit(place, manifest, options.signal)
    })
  }

  async preparePush(options: SyncOptions = {}): Promise<PushManifest> {
    const namespace = this.#bind(options)
    const [models, { signal }] = [modelsOf(options), options]
    return this.#within('push', namespace, signal, place => this.#prepare(place, { namespace, models, signal }))
  }

  async commitPush(manifest: PushManifest, options: SyncOptions = {}): Promise<number> {
    const parsed = manifestSchema.safeParse(manifest)
    const remedy = 'Pass what preparePush resolved to, unchanged, and the same namespace.'
    if (!parsed.success) throw new InvalidArgumentError('manifest', 'is none of this datastore', remedy)
    const namespace = parseNamespace(parsed.data.namespace)
    const asked = parseNamespace(options.namespace)
    if (asked !== undefined && asked !== namespace)
      throw new InvalidArgumentError('manifest', `was prepared for namespace "${namespace ?? ''}"`, remedy)
    const { signal } = options
    return this.#within('push', namespace, signal, place => this.#commit(place, parsed.data, signal))
  }

  async markDirty({ relPath = '', namespace }: SyncOptions = {}): Promise<void> {
    const path = relPath === '' ? undefined : parseRelPath(relPath)
    const folder = parseNamespace(namespace)
    const isInside = !folder || path === undefined || path === folder || below(folder, path) !== undefined
    await this.#marks.add(isInside ? path : parsePath(`${folder}/${path}`))
  }

  async hydrateFile(relPath: string, options: SyncOptions = {}): Promise<boolean> {
    const { signal } = options
    const path = parseRelPath(relPath)
    if (path === undefined) return false
    const found = await this.#copies.locate(path)
    const asked = parseNamespace(options.namespace) ?? found.namespace ?? this.#bound
    const inside = (asked !== undefined && below(asked, path)) || path
    return this.#within('fetch', asked, signal, ({ copy }) => copy.fetch(inside, { signal }))
  }

  async exportCatalog(name: string, rows?: readonly CatalogRow[], signal?: AbortSignal): Promise<void> {
    const namespace = parseNamespace(name)
    await this.#within('push', namespace, signal, async ({ copy }) => {
      if (rows) await writeCatalog(copy.directory, rows, this.#ambient.randomId())
      // Its absence says that swamp has written none yet.
      if (await stat(join(copy.directory, CATALOG)).catch(() => undefined))
        await copy.push({ paths: [CATALOG], narrow: true, message: MESSAGE, signal })
    })
  }

  pullForeignCatalogs(namespaces: readonly string[], signal?: AbortSignal): Promise<ForeignCatalog[]> {
    return untilAborted('pull', signal, () => readCatalogs(this.#about, namespaces))
  }

  fetchForeignContent(namespace: string, relPath: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    return untilAborted('fetch', signal, () => readForeign(this.#about, namespace, relPath))
  }

  controlPlaneStore(): ControlPlaneStore {
    return this.#about.controlPlane()
  }

  dispose(): Promise<void> {
    return this.#copies.dispose()
  }

  async #prepare(
    place: Place,
    of: { namespace: string | undefined; models: readonly SyncModel[] | undefined; signal: AbortSignal | undefined },
  ): Promise<Manifest> {
    const { namespace, models, signal } = of
    const marks = marksIn(await this.#marks.take(), path => this.#copies.pathIn(namespace, path))
    const { hasPushed, atWork } = place
    const prefixes = models ? prefixesOf(models) : []
    // Who pushes without a scope knows that nobody else is at work.
    const others = models ? [...atWork].filter(prefix => !prefixes.includes(prefix)) : []
    const wasWhole = await this.#copies.wasWhole(place)
    const look: Look = whereToLook({ marks, hasPushed, wasWhole, prefixes, others })
    const prepared = await place.copy.prepare({ paths: look.paths, signal })
    for (const prefix of models ? prefixes : [...atWork]) atWork.delete(prefix)
    const found = prepared.files.map(({ row }) => row.path)
    const whole = look.paths === undefined
    return { format: 1, namespace: namespace ?? '', prepared, whole, marks: doneWith(look, found) }
  }

  async #commit(place: Place, { prepared, whole, marks }: Manifest, signal: AbortSignal | undefined): Promise<number> {
    const { put, deleted } = await place.copy.publish(prepared, { message: MESSAGE, signal })
    if (whole) await this.#copies.noteWhole(place)
    await this.#marks.drop(marks)
    place.hasPushed = true
    return put + deleted
  }

  #bind({ namespace }: SyncOptions): string | undefined {
    const parsed = parseNamespace(namespace)
    this.#bound = parsed ?? this.#bound
    return parsed
  }

  #within<T>(
    what: string,
    namespace: string | undefined,
    signal: AbortSignal | undefined,
    work: (place: Place) => Promise<T>,
  ): Promise<T> {
    return untilAborted(what, signal, () =>
      this.#copies.use(namespace, async place => {
        if (signal?.aborted) throw new AbortedError(what, signal.reason)
        return work(place).catch(error => {
          throw error instanceof ConflictError ? conflictIn(place, error.paths, error) : error
        })
      }),
    )
  }
}

const modelsOf = ({ context }: SyncOptions): readonly SyncModel[] | undefined =>
  context?.models && context.models.length > 0 ? context.models : undefined

const conflictIn = ({ copy, namespace }: Place, paths: readonly string[], cause?: ConflictError): SyncConflictError =>
  new SyncConflictError({ namespace, directory: copy.directory }, paths, cause && { cause })

/** Rejects when the signal aborts; the work ends by itself as soon as it can, and what comes next waits for that. */
async function untilAborted<T>(what: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const aborted = () => asAbortError(new AbortedError(`the ${what}`, signal?.reason))
  if (signal?.aborted) throw aborted()
  const working = work().catch(error => {
    throw error instanceof AbortedError ? asAbortError(error) : error
  })
  if (!signal) return working
  let onAbort = () => {}
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted())
    signal.addEventListener('abort', onAbort)
  })
  working.catch(() => undefined) // when nobody waits for it any more
  return Promise.race([working, ended]).finally(() => signal.removeEventListener('abort', onAbort))
}
