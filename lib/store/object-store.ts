// ObjectStore: the whole of what the layers above may ask of a bucket. Three kinds implement it (s3, file, memory) and one
// suite of tests (test/store/suite.ts) holds them to these sentences. Correctness of everything above rests on two of them:
// a conditional put is atomic, and reads and lists see every put that was acknowledged before they began.
// It knows nothing of namespaces, leases or formats.
import type { Etag } from '../names.ts'

/** How many requests of a process travel at once: as many as the S3 kind has sockets. More of them only wait, and may wait too long. */
export const REQUESTS_AT_ONCE = 128

/** The bytes of an object to write. An async iterable is streamed in bounded memory and may only be put without a condition. */
export type Body = Uint8Array | AsyncIterable<Uint8Array>

/** What must hold for a put to happen. */
export type Condition = { ifNoneMatch: '*' } | { ifMatch: Etag }

export interface GetOptions {
  /** Answer `unchanged`, without a body, when the object still has this version. */
  ifNoneMatch?: Etag | undefined
  /** Answer `changed`, without a body, when the object has another version. Not together with `ifNoneMatch`. */
  ifMatch?: Etag | undefined
  /** Bytes `start` to `end`, both inclusive. A range past the end gives what there is. */
  range?: { start: number; end: number } | undefined
  /** An object that is larger is refused before it is read. Not together with a range, which is a bound itself. */
  maxBytes?: number | undefined
  signal?: AbortSignal | undefined
}

export type GetResult =
  | {
      readonly status: 'found'
      readonly body: Uint8Array
      readonly etag: Etag
      /** When the object was last written, by the store's clock, in milliseconds (often whole seconds). */
      readonly lastModified: number
      /** The store's clock when it answered, in milliseconds (often whole seconds). */
      readonly serverTime: number
    }
  | { readonly status: 'unchanged'; readonly serverTime: number }
  | { readonly status: 'changed' }
  | { readonly status: 'missing' }

export interface PutOptions {
  condition?: Condition | undefined
  signal?: AbortSignal | undefined
  /**
   * With a condition: whether a store that is asked to slow down waits and tries again by itself, or tells at once, for who has something
   * better to do. Default: `wait`.
   */
  whenThrottled?: WhenThrottled | undefined
}

export type WhenThrottled = 'wait' | 'tell'

export interface ListOptions {
  /** Only keys that start with this. */
  prefix: string
  /** Only keys after this one, in byte order. Not together with a delimiter: stores disagree about what that means. */
  startAfter?: string | undefined
  /** Keys that have this character after the prefix are rolled up into one `prefix` entry each. Only '/' is supported. */
  delimiter?: '/' | undefined
  signal?: AbortSignal | undefined
}

export interface UploadOptions {
  prefix: string
  /** Only those that began before this moment of the store's clock, in milliseconds. Default: all. */
  before?: number | undefined
  /** Only looks which there are. Default: false. */
  dryRun?: boolean | undefined
  signal?: AbortSignal | undefined
}

export type ListEntry =
  | {
      readonly kind: 'object'
      readonly key: string
      readonly size: number
      readonly lastModified: number
      /** Only of stores that say it in a listing. */
      readonly etag?: Etag | undefined
    }
  | { readonly kind: 'prefix'; readonly key: string }

/** An object of a store, to be copied by the server. */
export interface CopySource {
  /** The URL of the store that it lies in, and its key there. */
  readonly url: string
  readonly key: string
  readonly size: number
  /** The version that is meant. */
  readonly etag?: Etag | undefined
}

export type CopyResult =
  | { readonly status: 'copied'; readonly etag: Etag }
  /** The source has another version, or is gone: what lay at the key still lies there, or nothing does. */
  | { readonly status: 'changed' }
  | { readonly status: 'missing' }

export interface ObjectStore {
  /** The URL that opens this store again, without secrets. */
  readonly url: string
  readonly kind: 's3' | 'file' | 'memory'

  /**
   * Reads an object. A missing key is an answer, not an error. A key that begins with `/` is one of the whole bucket, not below this
   * store's prefix: so others' objects can be read, and nothing else can be done to them.
   * @throws StoreError when the store cannot be reached or answers nonsense, AccessDeniedError, AbortedError,
   *   CorruptObjectError when it is larger than `maxBytes`.
   */
  get(key: string, options?: GetOptions): Promise<GetResult>

  /**
   * Writes an object; when it resolves, the object is durable and every later read sees it whole.
   * Resolves to the new version's etag, which no other version of this key has, provided that its bytes differ from all others
   * (an ETag may be the MD5 of the content).
   * A put that is aborted has either written nothing or all of it; an error of the stream that it reads is passed on.
   * @throws PreconditionFailed when the condition did not hold: nothing was written (by this call, but see AmbiguousWrite:
   *   a put that is sent twice can meet its own success, which only the object's content can tell).
   * @throws AmbiguousWrite when nobody can say whether it was written, conditional or not.
   * @throws ThrottledError when the store asked to slow down: nothing was written, try again after a pause.
   */
  put(key: string, body: Body, options?: PutOptions): Promise<{ etag: Etag }>

  /** Deletes keys, durably and without a condition. A missing key is no error; deleting twice is no error. */
  delete(keys: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void>

  /** Lists in byte order of the keys, consistently: what was put before the call began is there. */
  list(options: ListOptions): AsyncIterable<ListEntry>

  /**
   * Has the server copy an object of this or another store to `key`, without its bytes passing through this machine. Only of stores that
   * can; `canCopyFrom` says from where.
   * @throws as `put` without a condition
   */
  copy?(source: CopySource, key: string, options?: { signal?: AbortSignal | undefined }): Promise<CopyResult>
  canCopyFrom?(url: string): boolean

  /**
   * Ends uploads of streams below a prefix that were begun and never finished; resolves to the bytes of each (0: who asks may not know).
   * Killed writers leave them, and no listing shows them. Only of stores that keep such; one that does not know what an upload was
   * to become takes it for one below any prefix.
   */
  abortUploads?(options: UploadOptions): Promise<readonly number[]>

  /** Ends connections and timers that this store opened. */
  close(): Promise<void>
}
