// S3Store: ObjectStore on a bucket of AWS, Ceph RGW, MinIO, R2 and the like. It hands down: one file for each thing that the
// interface asks, each building a request, sending it and reading the answer; classify.ts says what a failure means.
// Nothing above knows that there is an AWS SDK, and nothing loads it before a store is opened.
import { type Ambient, systemAmbient } from '../../ambient.ts'
import type { Etag } from '../../names.ts'
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
} from '../object-store.ts'
import { type Connection, connect } from './connection.ts'
import { copy } from './copy.ts'
import { deleteAll } from './delete.ts'
import { get } from './get.ts'
import { list } from './list.ts'
import { putAnyway, putIf } from './put.ts'
import { formatS3Url, isSameService, parseS3Url } from './s3-url.ts'
import { abortUploads } from './uploads.ts'

/** Opens the store that `url` names. Sends nothing yet. @throws InvalidStoreUrlError */
export async function openS3Store(url: string, options: { ambient?: Ambient } = {}): Promise<S3Store> {
  return new S3Store(await connect(parseS3Url(url)), options.ambient ?? systemAmbient)
}

export class S3Store implements ObjectStore {
  readonly kind = 's3'
  readonly url: string
  private readonly connection: Connection
  private readonly ambient: Ambient

  constructor(connection: Connection, ambient: Ambient) {
    this.url = formatS3Url(connection.location)
    this.connection = connection
    this.ambient = ambient
  }

  get(key: string, options: GetOptions = {}): Promise<GetResult> {
    return get(this.connection, key, options)
  }

  async put(key: string, body: Body, { condition, signal, whenThrottled }: PutOptions = {}): Promise<{ etag: Etag }> {
    const request = { key, body, signal, whenThrottled }
    const etag = await (condition
      ? putIf(condition, this.connection, request, this.ambient)
      : putAnyway(this.connection, request))
    return { etag }
  }

  delete(keys: readonly string[], { signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return deleteAll(this.connection, keys, signal)
  }

  list(options: ListOptions): AsyncIterable<ListEntry> {
    return list(this.connection, options)
  }

  canCopyFrom(url: string): boolean {
    return url.startsWith('s3:') && isSameService(parseS3Url(url), this.connection.location)
  }

  copy(source: CopySource, key: string, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<CopyResult> {
    return copy(this.connection, source, key, { signal })
  }

  abortUploads(options: UploadOptions): Promise<readonly number[]> {
    return abortUploads(this.connection, options)
  }

  async close(): Promise<void> {
    this.connection.close()
  }
}
