// Writes one object. A conditional put is sent once, and again only after the store itself said that it did nothing (throttled,
// or our clock was off); whatever else leaves the outcome open is the caller's to read back. Other puts are idempotent, so the
// SDK repeats them as it does reads.
import type { Ambient } from '../../ambient.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { Etag } from '../../names.ts'
import type { Body, Condition, WhenThrottled } from '../object-store.ts'
import { classify } from './classify.ts'
import { abortable, address, type Connection } from './connection.ts'
import { formatEtag, parseEtag } from './etag.ts'
import { aborted, explain, type Request } from './explain.ts'
import { SourceFailure, upload } from './upload.ts'

const ATTEMPTS = 6
const FIRST_PAUSE_MS = 100

interface PutRequest {
  readonly key: string
  readonly body: Body
  readonly signal?: AbortSignal | undefined
  readonly whenThrottled?: WhenThrottled | undefined
}

/** Puts whatever lies at `key` now. */
export async function putAnyway(connection: Connection, { key, body, signal }: PutRequest): Promise<Etag> {
  const { sdk, location, patient } = connection
  const request: Request = { operation: 'put', key, location, signal }
  if (signal?.aborted) throw aborted(request)
  const target = address(location, key)
  try {
    if (!(body instanceof Uint8Array)) return parseEtag(await upload(connection, target, body, signal), 'put', key)
    const output = await patient.send(new sdk.PutObjectCommand({ ...target, Body: body }), abortable(signal))
    return parseEtag(output.ETag, 'put', key)
  } catch (error) {
    throw error instanceof SourceFailure ? error.cause : explain(error, request)
  }
}

/** Puts only if `condition` holds. */
export async function putIf(
  condition: Condition,
  { sdk, location, once }: Connection,
  { key, body, signal, whenThrottled }: PutRequest,
  ambient: Ambient,
): Promise<Etag> {
  if (!(body instanceof Uint8Array)) {
    throw new InvalidArgumentError(
      'condition',
      'a stream cannot be put conditionally',
      'Pass the bytes as a Uint8Array',
    )
  }
  const operation = 'ifMatch' in condition ? 'swap' : 'create'
  const request: Request = { operation, key, location, signal }
  const input = {
    ...address(location, key),
    Body: body,
    ...('ifMatch' in condition ? { IfMatch: formatEtag(condition.ifMatch, location) } : { IfNoneMatch: '*' }),
  }
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw aborted(request)
    try {
      const output = await once.send(new sdk.PutObjectCommand(input), abortable(signal))
      return parseEtag(output.ETag, operation, key)
    } catch (error) {
      const meaning = classify(error, operation)
      const didNothing = meaning === 'skewed' || (meaning === 'throttled' && whenThrottled !== 'tell')
      if (!didNothing || attempt === ATTEMPTS) throw explain(error, request)
    }
    await pause(attempt, ambient, request)
  }
}

/** Twice as long each time, and half of it by chance, so that throttled writers do not come back all at once. */
async function pause(attempt: number, ambient: Ambient, request: Request): Promise<void> {
  const longest = FIRST_PAUSE_MS * 2 ** (attempt - 1)
  try {
    await ambient.sleep((longest * (1 + ambient.random())) / 2, { signal: request.signal })
  } catch {
    throw aborted(request) // a sleep ends early for the signal alone
  }
}
