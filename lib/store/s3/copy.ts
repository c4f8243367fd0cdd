// Copies an object on the server's side: in one request, or above what one may copy, in parts. The version that is meant is named in
// each of them; but Ceph 16 overlooks that (it reads another header), so where the copy's own ETag does not tell, the source is looked
// at once more: as it has that version before and after, the copy is of it.
import type { CompletedPart } from '@aws-sdk/client-s3'
import type { Etag } from '../../names.ts'
import type { CopyResult, CopySource } from '../object-store.ts'
import { classify } from './classify.ts'
import { abortable, address, type Connection } from './connection.ts'
import { formatEtag, parseEtag } from './etag.ts'
import { explain } from './explain.ts'
import { abandonUpload, beginUpload, completeUpload, type Multipart, type Target } from './multipart.ts'
import { parseS3Url } from './s3-url.ts'

/** S3 copies no larger object in one request. */
const MOST_AT_ONCE = 5 * 1024 ** 3
const PART_BYTES = 512 * 1024 ** 2
const PARTS_AT_ONCE = 4

interface CopyOptions {
  readonly signal?: AbortSignal | undefined
  /** Above so many bytes it copies in parts. Default: what S3 allows at once. */
  readonly mostAtOnce?: number | undefined
  readonly partBytes?: number | undefined
}

export async function copy(
  connection: Connection,
  source: CopySource,
  key: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { location } = connection
  const { signal, mostAtOnce = MOST_AT_ONCE } = options
  const target = address(location, key)
  const from = sourceOf(connection, source)
  try {
    const assertSame = () => assertStill(connection, source, signal)
    const etag =
      source.size > mostAtOnce
        ? await copyInParts(connection, { target, from, size: source.size }, { ...options, assertSame })
        : await copyAtOnce(connection, { target, from, wanted: source.etag }, { signal, assertSame })
    return { status: 'copied', etag: parseEtag(etag, 'copy', key) }
  } catch (error) {
    const meaning = classify(error, 'get')
    if (meaning === 'missing') return { status: meaning }
    if (meaning === 'changed' || meaning === 'past-end') return { status: 'changed' }
    throw explain(error, { operation: 'put', key, location, signal })
  }
}

interface From {
  readonly CopySource: string
  readonly CopySourceIfMatch?: string
}

function sourceOf({ location }: Connection, { url, key, etag }: CopySource): From {
  const { Bucket, Key } = address(parseS3Url(url), key)
  const path = [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/')
  return { CopySource: path, ...(etag && { CopySourceIfMatch: formatEtag(etag, location) }) }
}

interface Means {
  readonly signal?: AbortSignal | undefined
  readonly assertSame: () => Promise<void>
}

/** Throws the store's own 404 or 412 when the source is not what was meant any more. */
async function assertStill(
  { sdk, patient, location }: Connection,
  { url, key, etag }: CopySource,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (etag === undefined) return
  const source = { ...address(parseS3Url(url), key), IfMatch: formatEtag(etag, location) }
  await patient.send(new sdk.HeadObjectCommand(source), abortable(signal))
}

async function copyAtOnce(
  { sdk, patient }: Connection,
  { target, from, wanted }: { target: Target; from: From; wanted: Etag | undefined },
  { signal, assertSame }: Means,
): Promise<string | undefined> {
  const { CopyObjectResult } = await patient.send(new sdk.CopyObjectCommand({ ...target, ...from }), abortable(signal))
  const etag = CopyObjectResult?.ETag
  if (wanted === undefined || etag === wanted || etag === `"${wanted}"`) return etag
  try {
    await assertSame()
  } catch (error) {
    await patient.send(new sdk.DeleteObjectCommand(target), abortable(signal))
    throw error
  }
  return etag
}

async function copyInParts(
  connection: Connection,
  { target, from, size }: { target: Target; from: From; size: number },
  { signal, partBytes = PART_BYTES, assertSame }: CopyOptions & Means,
): Promise<string | undefined> {
  const { sdk, patient } = connection
  const multipart = await beginUpload(connection, target, signal)
  try {
    const ranges = Array.from({ length: Math.ceil(size / partBytes) }, (_, i) => {
      return `bytes=${i * partBytes}-${Math.min(size, (i + 1) * partBytes) - 1}`
    })
    const parts = await copyRanges(connection, multipart, { from, ranges, signal })
    await assertSame()
    const done = new AbortController()
    const etag = await completeUpload(connection, multipart, { parts, size }, signal ?? done.signal)
    return etag || (await patient.send(new sdk.HeadObjectCommand(target), abortable(signal))).ETag
  } catch (error) {
    await abandonUpload(connection, multipart)
    throw error
  }
}

/** A few at a time, in order; none is left on its way when it ends. */
async function copyRanges(
  { sdk, patient }: Connection,
  multipart: Multipart,
  { from, ranges, signal }: { from: From; ranges: readonly string[]; signal: AbortSignal | undefined },
): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = []
  for (let at = 0; at < ranges.length; at += PARTS_AT_ONCE) {
    const some = ranges.slice(at, at + PARTS_AT_ONCE).map(async (CopySourceRange, i): Promise<CompletedPart> => {
      const PartNumber = at + i + 1
      const input = { ...multipart, ...from, CopySourceRange, PartNumber }
      const { CopyPartResult } = await patient.send(new sdk.UploadPartCopyCommand(input), abortable(signal))
      return { PartNumber, ETag: CopyPartResult?.ETag }
    })
    const ended = await Promise.allSettled(some)
    for (const one of ended) {
      if (one.status === 'rejected') throw one.reason
      parts.push(one.value)
    }
  }
  return parts
}
