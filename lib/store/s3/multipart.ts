// The requests of a multipart upload, each with its trap: the SDK repeats those whose answers were lost, and here a repetition does
// not do the same again. A lost answer to the first leaves an upload that nobody knows and the bucket's owner pays for; a lost answer
// to the last meets an upload that is gone because it is done.
// The invariant: a key is streamed to by one upload at a time (the keys of values are used once).
import type { CompletedPart } from '@aws-sdk/client-s3'
import { abortable, type Connection } from './connection.ts'
import { uploadsBelow } from './uploads.ts'

export interface Target {
  readonly Bucket: string
  readonly Key: string
}

export interface Multipart extends Target {
  readonly UploadId: string
}

/** How often the SDK sent what it now answers, or gave up. */
const attemptsOf = ({ $metadata }: { $metadata?: { attempts?: number } }): number => $metadata?.attempts ?? 1

export async function beginUpload(
  connection: Connection,
  target: Target,
  signal: AbortSignal | undefined,
): Promise<Multipart> {
  const { sdk, patient } = connection
  try {
    const begun = await patient.send(new sdk.CreateMultipartUploadCommand(target), abortable(signal))
    const upload = { ...target, UploadId: begun.UploadId ?? '' }
    if (attemptsOf(begun) > 1) await abandonUploads(connection, target, upload)
    return upload
  } catch (error) {
    await abandonUploads(connection, target)
    throw error
  }
}

export async function sendPart(
  { sdk, patient }: Connection,
  upload: Multipart,
  part: { readonly number: number; readonly body: Uint8Array },
  signal: AbortSignal,
): Promise<CompletedPart> {
  const { number: PartNumber, body: Body } = part
  const { ETag } = await patient.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body }), abortable(signal))
  return { PartNumber, ETag }
}

/** Makes the object of all its parts. Resolves to its ETag as the store gave it, if it did (Ceph 16 does not). */
export async function completeUpload(
  { sdk, patient }: Connection,
  upload: Multipart,
  { parts, size }: { readonly parts: readonly CompletedPart[]; readonly size: number },
  signal: AbortSignal,
): Promise<string | undefined> {
  const Parts = [...parts].sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0))
  const command = new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })
  try {
    return (await patient.send(command, abortable(signal))).ETag
  } catch (error) {
    if (!(error instanceof sdk.NoSuchUpload) || attemptsOf(error) === 1) throw error
    const { Bucket, Key } = upload
    const head = patient.send(new sdk.HeadObjectCommand({ Bucket, Key }), abortable(signal))
    const object = await head.catch(() => undefined)
    if (object?.ContentLength !== size) throw error
    return object.ETag
  }
}

/** Drops an upload and its parts. What cannot be dropped now is left to the bucket's own rules, or to a sweep. */
export async function abandonUpload({ sdk, patient }: Connection, upload: Multipart): Promise<void> {
  await patient.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined)
}

/** Drops the uploads to a key, but for one. */
async function abandonUploads(connection: Connection, { Bucket, Key }: Target, kept?: Multipart): Promise<void> {
  const others: string[] = []
  try {
    for await (const found of uploadsBelow(connection, { Bucket, Prefix: Key })) {
      if (found.Key === Key && found.UploadId !== kept?.UploadId) others.push(found.UploadId ?? '')
    }
  } catch {
    // Who may not list them, or cannot now, drops those that were found.
  }
  await Promise.all(others.map(UploadId => abandonUpload(connection, { Bucket, Key, UploadId })))
}
