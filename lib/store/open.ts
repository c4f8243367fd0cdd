// Opens a store by its URL. The entry of this folder; each kind is loaded only when it is asked for, so that nobody pays for an
// SDK that is not used.
import { resolve } from 'node:path'
import type { Ambient } from '../ambient.ts'
import { InvalidStoreUrlError } from '../errors.ts'
import { CachedStore } from './cached-store.ts'
import { DiskCache } from './disk-cache.ts'
import { MemoryBucket, MemoryStore } from './memory/memory-store.ts'
import { MeteredStore } from './metered-store.ts'
import type { ObjectStore } from './object-store.ts'

/** Named memory stores are shared within the process: `memory:tests`. */
const buckets = new Map<string, MemoryBucket>()

interface OpenStoreOptions {
  /** What the path of a `file:` URL is relative to. */
  readonly folder: string
  /** Where immutable objects of a store that is not on this machine are kept, and which keys name such. */
  readonly cache?: { readonly folder: string; readonly isImmutable: (key: string) => boolean } | undefined
}

const CACHE_BYTES = 512 * 1024 * 1024

export async function openObjectStore(url: string, ambient: Ambient, options: OpenStoreOptions): Promise<ObjectStore> {
  const store = new MeteredStore(await openKind(url, ambient, options.folder), ambient)
  const { cache } = options
  if (!cache || store.kind !== 's3') return store
  return new CachedStore(store, new DiskCache(cache.folder, CACHE_BYTES, ambient), cache.isImmutable)
}

async function openKind(url: string, ambient: Ambient, folder: string): Promise<ObjectStore> {
  if (typeof url !== 'string') throw new InvalidStoreUrlError(typeof url, 'is not a string')
  if (url.startsWith('memory:')) return openMemory(url.slice('memory:'.length), ambient)
  if (url.startsWith('file:')) {
    const path = filePath(url)
    const { openFileStore } = await import('./file/file-store.ts')
    return openFileStore(resolve(folder, path), { ambient })
  }
  if (url.startsWith('s3:')) {
    const { openS3Store } = await import('./s3/s3-store.ts')
    return openS3Store(url, { ambient })
  }
  throw new InvalidStoreUrlError(url, 'is of no known kind')
}

/** The URL that the opened store has, without opening it: two that are alike name the same store. */
export async function fullStoreUrl(url: string, folder: string): Promise<string> {
  if (url.startsWith('file:')) {
    const { fileStoreUrl } = await import('./file/file-store.ts')
    return fileStoreUrl(resolve(folder, filePath(url)))
  }
  if (!url.startsWith('s3:')) return url
  const { formatS3Url, parseS3Url } = await import('./s3/s3-url.ts')
  return formatS3Url(parseS3Url(url))
}

/** Whether two full URLs name the same place: how long its answers are waited for, and how it is spoken to, may differ. */
export async function isSameStore(a: string, b: string): Promise<boolean> {
  if (a === b || !(a.startsWith('s3:') && b.startsWith('s3:'))) return a === b
  const { isSameService, parseS3Url } = await import('./s3/s3-url.ts')
  const [one, other] = [parseS3Url(a), parseS3Url(b)]
  return one.bucket === other.bucket && one.prefix === other.prefix && isSameService(one, other)
}

function openMemory(name: string, ambient: Ambient): MemoryStore {
  if (name === '') return new MemoryStore({ ambient })
  const bucket = buckets.get(name) ?? new MemoryBucket()
  buckets.set(name, bucket)
  return new MemoryStore({ bucket, ambient })
}

/** `file:./folder`, `file:/folder` and `file:///folder` are the same as in a browser, but relative ones are allowed. */
function filePath(url: string): string {
  const path = decoded(url, url.slice('file:'.length).replace(/^\/\/(?=\/)/, ''))
  if (path === '') throw new InvalidStoreUrlError(url, 'names no folder')
  if (path.startsWith('//')) throw new InvalidStoreUrlError(url, 'names another machine')
  return path
}

function decoded(url: string, path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new InvalidStoreUrlError(url, 'has a "%" that is no escape (write it as %25)')
  }
}
