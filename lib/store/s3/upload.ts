// Streams a value of unknown length into an object in bounded memory: a few parts at a time, made visible all at once by the
// last request. A stream that fails or is aborted leaves no object behind, and no parts.
// Without a condition: several requests cannot be one atomic compare-and-swap.
import type { CompletedPart } from '@aws-sdk/client-s3'
import { untilAborted } from '../../until-aborted.ts'
import { abortable, type Connection } from './connection.ts'
import { abandonUpload, beginUpload, completeUpload, type Multipart, sendPart, type Target } from './multipart.ts'

const PART_BYTES = 8 * 1024 * 1024
const PARTS_IN_FLIGHT = 4

/** The stream to upload failed, not the store. The stream's own error is the cause. */
export class SourceFailure extends Error {}

/** Uploads `source` to `target`. Resolves to the ETag as the store gave it. */
export async function upload(
  connection: Connection,
  target: Target,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  // Aborts with the first failure: nobody waits for the source, or for other parts, when the upload is lost anyway.
  const stop = new AbortController()
  const abort = () => stop.abort(Object.assign(new Error('the upload was aborted'), { name: 'AbortError' }))
  signal?.addEventListener('abort', abort, { once: true })
  const parts = inParts(untilAborted(failing(source), stop.signal))
  try {
    const first = await parts.next()
    if (first.done) return await putWhole(connection, target, new Uint8Array(), stop.signal)
    const second = await parts.next()
    if (second.done) return await putWhole(connection, target, first.value, stop.signal)
    return await putInParts(connection, target, prepended([first.value, second.value], parts), stop)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function putWhole(
  { sdk, patient }: Connection,
  target: Target,
  Body: Uint8Array,
  signal: AbortSignal,
): Promise<string | undefined> {
  return (await patient.send(new sdk.PutObjectCommand({ ...target, Body }), abortable(signal))).ETag
}

async function putInParts(
  connection: Connection,
  target: Target,
  parts: AsyncIterable<Uint8Array>,
  stop: AbortController,
): Promise<string | undefined> {
  const { sdk, patient } = connection
  const multipart = await beginUpload(connection, target, stop.signal)
  const sending = new Set<Promise<unknown>>()
  try {
    const sent = await sendAll(connection, multipart, { parts, sending }, stop)
    const ETag = await completeUpload(connection, multipart, sent, stop.signal)
    // Ceph 16 ends a multipart upload with an empty ETag.
    return ETag || (await patient.send(new sdk.HeadObjectCommand(target), abortable(stop.signal))).ETag
  } catch (error) {
    stop.abort(error)
    // A part that arrives after the upload was dropped would stay for ever.
    await Promise.all(sending)
    await abandonUpload(connection, multipart)
    throw stop.signal.reason
  }
}

/** A few parts at a time, and no more of the source than they take. `sending` holds those that are on their way. */
async function sendAll(
  connection: Connection,
  multipart: Multipart,
  { parts, sending }: { parts: AsyncIterable<Uint8Array>; sending: Set<Promise<unknown>> },
  stop: AbortController,
): Promise<{ parts: CompletedPart[]; size: number }> {
  const completed: CompletedPart[] = []
  let number = 0
  let size = 0
  for await (const body of parts) {
    number += 1
    size += body.length
    const part = sendPart(connection, multipart, { number, body }, stop.signal)
      .then(
        done => completed.push(done),
        error => stop.abort(error),
      )
      .finally(() => sending.delete(part))
    sending.add(part)
    if (sending.size >= PARTS_IN_FLIGHT) await Promise.race(sending)
  }
  await Promise.all(sending)
  stop.signal.throwIfAborted()
  return { parts: completed, size }
}

/** The source in parts of one size, but for the last. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined, undefined> {
  let chunks: Uint8Array[] = []
  let buffered = 0
  for await (const chunk of source) {
    for (let rest = chunk; rest.length > 0; ) {
      const taken = rest.subarray(0, PART_BYTES - buffered)
      chunks.push(taken)
      buffered += taken.length
      rest = rest.subarray(taken.length)
      if (buffered < PART_BYTES) continue
      yield Buffer.concat(chunks)
      chunks = []
      buffered = 0
    }
  }
  if (buffered > 0) yield Buffer.concat(chunks)
}

async function* prepended<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first
  yield* rest
}

/** Tells what fails in the source from what fails at the store. */
async function* failing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    throw new SourceFailure('the stream to upload failed', { cause })
  }
}
