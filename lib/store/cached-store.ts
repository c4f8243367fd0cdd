// Answers reads of immutable objects from the disk cache. Which keys name immutable objects it is told: it knows no formats.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Etag } from '../names.ts'
import type { DiskCache } from './disk-cache.ts'
import type {
  Body,
  CopyResult,
  CopySource,
  GetOptions,
  GetResult,
  ListEntry,
  ListOptions,
  ObjectStore,
  PutOptions,
  UploadOptions,
} from './object-store.ts'

/** Larger objects are not worth their room. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024
const CACHED_ETAG = 'cached' as Etag

export class CachedStore implements ObjectStore {
  readonly url: string
  readonly kind: ObjectStore['kind']
  private readonly inner: ObjectStore
  private readonly cache: Pick<DiskCache, 'get' | 'put' | 'idle'>
  private readonly isImmutable: (key: string) => boolean

  constructor(
    inner: ObjectStore,
    cache: Pick<DiskCache, 'get' | 'put' | 'idle'>,
    isImmutable: (key: string) => boolean,
  ) {
    this.inner = inner
    this.cache = cache
    this.isImmutable = isImmutable
    this.url = inner.url
    this.kind = inner.kind
  }

  async get(key: string, options: GetOptions = {}): Promise<GetResult> {
    const isOurs = !key.startsWith('/') && this.isImmutable(key)
    if (!isOurs || options.range || options.ifNoneMatch || options.ifMatch) return this.inner.get(key, options)
    const name = `${this.url}\n${key}`
    const body = await this.cache.get(name)
    // Nobody asks an immutable object for its times.
    if (body) return { status: 'found', body, etag: CACHED_ETAG, lastModified: 0, serverTime: 0 }
    const answer = await this.inner.get(key, options)
    if (answer.status === 'found' && answer.body.length <= MAX_OBJECT_BYTES) await this.cache.put(name, answer.body)
    return answer
  }

  put(key: string, body: Body, options?: PutOptions): Promise<{ etag: Etag }> {
    return this.inner.put(key, body, options)
  }

  delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void> {
    return this.inner.delete(keys, options)
  }

  list(options: ListOptions): AsyncIterable<ListEntry> {
    return this.inner.list(options)
  }

  canCopyFrom(url: string): boolean {
    return this.inner.canCopyFrom?.(url) ?? false
  }

  copy(source: CopySource, key: string, options?: { signal?: AbortSignal | undefined }): Promise<CopyResult> {
    if (!this.inner.copy) throw new Error('asked to copy by who did not ask canCopyFrom')
    return this.inner.copy(source, key, options)
  }

  async abortUploads(options: UploadOptions): Promise<readonly number[]> {
    return (await this.inner.abortUploads?.(options)) ?? []
  }

  async close(): Promise<void> {
    await Promise.all([this.inner.close(), this.cache.idle()])
  }
}

/** Where this user's caches lie: RUNLET_CACHE, else as the operating system has it. */
export function defaultCacheFolder(): string {
  const { RUNLET_CACHE, XDG_CACHE_HOME } = process.env
  if (RUNLET_CACHE) return RUNLET_CACHE
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'runlet')
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'runlet')
}
