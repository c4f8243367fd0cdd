// Uploads in parts that were begun and never finished: what a writer leaves that is killed in the midst of a large value. They are no
// objects and no listing of objects shows them, but they take room until somebody aborts them.
import type { ListMultipartUploadsCommandOutput, ListPartsCommandOutput, MultipartUpload } from '@aws-sdk/client-s3'
import { AccessDeniedError } from '../../errors.ts'
import type { UploadOptions } from '../object-store.ts'
import { failureOf } from './classify.ts'
import { abortable, address, type Connection } from './connection.ts'
import { explain } from './explain.ts'

/** Aborts those below a prefix; resolves to the bytes of each. */
export async function abortUploads(connection: Connection, options: UploadOptions): Promise<readonly number[]> {
  const { before = Number.POSITIVE_INFINITY, dryRun = false } = options
  const unfinished: MultipartUpload[] = []
  for await (const upload of listUploads(connection, options)) {
    if ((upload.Initiated?.getTime() ?? 0) < before) unfinished.push(upload)
  }
  const sizes: number[] = []
  for (const upload of unfinished) {
    sizes.push(await bytesOf(connection, upload, options))
    if (!dryRun) await abort(connection, upload, options)
  }
  return sizes
}

/** Of its parts. Who may abort it need not have the right to list them: it is for people. */
async function bytesOf({ sdk, location, patient }: Connection, upload: MultipartUpload, { signal }: UploadOptions) {
  const { Key = '', UploadId } = upload
  const place = { Bucket: location.bucket, Key, UploadId }
  let bytes = 0
  try {
    let page: ListPartsCommandOutput | undefined
    do {
      const after = page && { PartNumberMarker: page.NextPartNumberMarker }
      page = await patient.send(new sdk.ListPartsCommand({ ...place, ...after }), abortable(signal))
      for (const { Size = 0 } of page.Parts ?? []) bytes += Size
    } while (page.IsTruncated && page.NextPartNumberMarker)
  } catch (error) {
    const told = explain(error, { operation: 'uploads', key: Key, location, signal })
    if (!(told instanceof AccessDeniedError || failureOf(error).name === 'NoSuchUpload')) throw told
  }
  return bytes
}

async function* listUploads(
  connection: Connection,
  { prefix, signal }: UploadOptions,
): AsyncGenerator<MultipartUpload> {
  const { Bucket, Key: Prefix } = address(connection.location, prefix)
  try {
    yield* uploadsBelow(connection, { Bucket, Prefix }, signal)
  } catch (error) {
    throw explain(error, { operation: 'uploads', key: prefix, location: connection.location, signal })
  }
}

/** Those below a prefix of the bucket, page by page. Throws what the SDK throws. */
export async function* uploadsBelow(
  { sdk, patient }: Connection,
  place: { readonly Bucket: string; readonly Prefix: string },
  signal?: AbortSignal,
): AsyncGenerator<MultipartUpload> {
  let page: ListMultipartUploadsCommandOutput | undefined
  do {
    const after = page && { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    page = await patient.send(new sdk.ListMultipartUploadsCommand({ ...place, ...after }), abortable(signal))
    yield* page.Uploads ?? []
  } while (page.IsTruncated && page.NextKeyMarker)
}

async function abort(connection: Connection, upload: MultipartUpload, { signal }: UploadOptions): Promise<void> {
  const { sdk, location, patient } = connection
  const { Key = '', UploadId } = upload
  try {
    await patient.send(
      new sdk.AbortMultipartUploadCommand({ Bucket: location.bucket, Key, UploadId }),
      abortable(signal),
    )
  } catch (error) {
    if (failureOf(error).name === 'NoSuchUpload') return // somebody else was faster
    const key = Key.slice(address(location, '').Key.length)
    throw explain(error, { operation: 'abort', key, location, signal })
  }
}
