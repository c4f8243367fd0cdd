// Streams a value of unknown length into an object in bounded memory: a few parts at a time, made visible all at once by the
// last request. A stream that fails or is aborted leaves no object behind.
// Without a condition: several requests cannot be one atomic compare-and-swap.
import { Readable } from 'node:stream'
import { abortable, type Connection } from './connection.ts'

const PART_BYTES = 8 * 1024 * 1024
const PARTS_IN_FLIGHT = 4

/** The stream to upload failed, not the store. The stream's own error is the cause. */
export class SourceFailure extends Error {}

/** Uploads `source` to `target`. Resolves to the ETag as the store gave it. */
export async function upload(
  { sdk, patient: client }: Connection,
  target: { Bucket: string; Key: string },
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { Upload } = await import('@aws-sdk/lib-storage')
  let failure: SourceFailure | undefined
  const guarded = guard(source, cause => {
    failure = new SourceFailure('the stream to upload failed', { cause })
    return failure
  })
  const request = new Upload({
    client,
    params: { ...target, Body: Readable.from(guarded) },
    partSize: PART_BYTES,
    queueSize: PARTS_IN_FLIGHT,
  })
  const abort = () => void request.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const { ETag } = await request.done()
    // Ceph 16 ends a multipart upload with an empty ETag.
    return ETag || (await client.send(new sdk.HeadObjectCommand(target), abortable(signal))).ETag
  } catch (error) {
    // Should it not even be allowed to abort the upload, the stream's failure is still what matters.
    throw failure ?? error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function* guard(
  source: AsyncIterable<Uint8Array>,
  onFailure: (cause: unknown) => SourceFailure,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw onFailure(cause)
  }
}
