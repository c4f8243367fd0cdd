// The file kind of store: a folder on a local disk that several processes use at once, without a daemon, a lock file or a native
// module. It carries G1 (flushed before it is acknowledged) and the atomic conditions that everything above rests on, whoever is
// killed wherever; how, versions.ts says. The user may read it with `cat` and `zcat`. It is not for network file systems.
import { resolve } from 'node:path'
import { type Ambient, systemAmbient } from '../../ambient.ts'
import { InvalidArgumentError, PreconditionFailed } from '../../errors.ts'
import type { Etag } from '../../names.ts'
import type {
  Body,
  Condition,
  GetOptions,
  GetResult,
  ListEntry,
  ListOptions,
  ObjectStore,
  PutOptions,
  UploadOptions,
} from '../object-store.ts'
import { makeFolders, onDisk, throwIfAborted } from './disk.ts'
import { removeLeftovers } from './leftovers.ts'
import { listEntries } from './list.ts'
import { folderAt, type Place, placeOf, TEMPORARY } from './paths.ts'
import { readVersion } from './read.ts'
import { removeObjects } from './removal.ts'
import { etagOf, type Version } from './sight.ts'
import { discard, type Staged, stage } from './staging.ts'
import { create, look, replace } from './versions.ts'

/** Opens the store in `folder`, making it if need be. */
export async function openFileStore(folder: string, options: { ambient?: Ambient } = {}): Promise<FileStore> {
  const { ambient = systemAmbient } = options
  const root = resolve(folder)
  await onDisk('open', root, async () => {
    await makeFolders(folderAt(root, TEMPORARY))
    await removeLeftovers(root, ambient)
  })
  return new FileStore(root, ambient)
}

/** The URL of the store in `root`: `%` begins an escape there. */
export const fileStoreUrl = (root: string): string => `file:${root.replaceAll('%', '%25')}`

class FileStore implements ObjectStore {
  readonly url: string
  readonly kind = 'file'
  private readonly root: string
  private readonly ambient: Ambient

  /** For `openFileStore`: the folder must be there. */
  constructor(root: string, ambient: Ambient) {
    this.url = fileStoreUrl(root)
    this.root = root
    this.ambient = ambient
  }

  async get(key: string, options: GetOptions = {}): Promise<GetResult> {
    if (key.startsWith('/')) return { status: 'missing' } // there is no bucket around it
    const place = placeOf(this.root, key)
    return onDisk('get', key, async () => {
      for (;;) {
        throwIfAborted('get', key, options.signal)
        const version = await look(place)
        if (!version) return { status: 'missing' }
        const etag = etagOf(version)
        if (options.ifMatch && etag !== options.ifMatch) return { status: 'changed' }
        if (etag === options.ifNoneMatch) return { status: 'unchanged', serverTime: this.ambient.now() }
        const content = await readVersion(place, version, options)
        if (content) return { status: 'found', ...content, etag, serverTime: this.ambient.now() }
      }
    })
  }

  async put(key: string, body: Body, options: PutOptions = {}): Promise<{ etag: Etag }> {
    const { condition, signal } = options
    const place = placeOf(this.root, key)
    if (condition && !(body instanceof Uint8Array)) {
      throw new InvalidArgumentError('body', 'a stream cannot be put with a condition', 'Pass a Uint8Array')
    }
    throwIfAborted('put', key, signal)
    // A swap that is lost already costs no write.
    if (condition) await onDisk('put', key, () => lookFor(place, condition))
    const staged = await stage(this.root, key, body, this.ambient.randomId(), signal)
    try {
      return { etag: etagOf(await onDisk('put', key, () => publish(place, staged, options))) }
    } finally {
      await discard(staged)
    }
  }

  async delete(keys: readonly string[], options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (keys.length > 0) await removeObjects(this.root, keys, this.ambient.randomId(), options.signal)
  }

  /** What a killed put has staged has no key yet: what is old goes, whatever it was to become. */
  abortUploads({ dryRun = false }: UploadOptions): Promise<readonly number[]> {
    return onDisk('uploads', TEMPORARY, () => removeLeftovers(this.root, this.ambient, { dryRun }))
  }

  list(options: ListOptions): AsyncIterable<ListEntry> {
    return listEntries(this.root, options)
  }

  async close(): Promise<void> {}
}

/** Tries until the staged value is a version, or the condition does not hold. Each turn that fails is one that another won. */
async function publish(place: Place, staged: Staged, { condition, signal }: PutOptions): Promise<Version> {
  for (;;) {
    throwIfAborted('put', place.key, signal)
    const seen = await lookFor(place, condition)
    const made = seen ? await replace(place, seen, staged) : await create(place, staged)
    if (made) return made
  }
}

/** The current version. Throws PreconditionFailed when it is not the one that the condition asks for. */
async function lookFor(place: Place, condition: Condition | undefined): Promise<Version | undefined> {
  const seen = await look(place)
  const holds = !condition || ('ifMatch' in condition ? seen && etagOf(seen) === condition.ifMatch : !seen)
  if (!holds) throw new PreconditionFailed(place.key)
  return seen
}
