// Reads one object, or the part of it that was asked for. Missing, unchanged and empty are answers, not failures.
import { CorruptObjectError, StoreError } from '../../errors.ts'
import { assertNoLarger } from '../bounded.ts'
import type { GetOptions, GetResult } from '../object-store.ts'
import { type Answer, recordAnswer } from './answer.ts'
import { classify } from './classify.ts'
import { abortable, addressToRead, type Connection } from './connection.ts'
import { formatEtag, parseEtag } from './etag.ts'
import { explain, type Request } from './explain.ts'

type Found = GetResult & { status: 'found' }

interface Described {
  ETag?: string | undefined
  LastModified?: Date | undefined
}

export async function get(connection: Connection, key: string, options: GetOptions): Promise<GetResult> {
  const { sdk, location, patient } = connection
  const { ifNoneMatch, ifMatch, range, maxBytes, signal } = options
  const request: Request = { operation: 'get', key, location, signal }
  const command = new sdk.GetObjectCommand({
    ...addressToRead(location, key),
    IfNoneMatch: ifNoneMatch && formatEtag(ifNoneMatch, location),
    IfMatch: ifMatch && formatEtag(ifMatch, location),
    Range: range && `bytes=${range.start}-${range.end}`,
  })
  const answer = recordAnswer(command, bytes => assertNoLarger(key, bytes, maxBytes))
  try {
    const output = await patient.send(command, abortable(signal))
    const result = found(key, output, answer, partOf(answer, range))
    // A store that overlooks the condition still says what it sent.
    return ifMatch && result.etag !== ifMatch ? { status: 'changed' } : result
  } catch (error) {
    if (error instanceof CorruptObjectError) throw error
    const meaning = classify(error, 'get')
    if (meaning === 'missing') return { status: 'missing' }
    if (meaning === 'changed') return { status: 'changed' }
    if (meaning === 'unchanged') return { status: 'unchanged', serverTime: timeOf(answer, key) }
    if (meaning === 'past-end') return getNothing(connection, request)
    throw explain(error, request)
  }
}

/** A range that begins past the object's end: what there is of it is nothing, and the 416 does not say of which version. */
async function getNothing({ sdk, location, patient }: Connection, request: Request): Promise<GetResult> {
  const command = new sdk.HeadObjectCommand(addressToRead(location, request.key))
  const answer = recordAnswer(command)
  try {
    const output = await patient.send(command, abortable(request.signal))
    return found(request.key, output, answer, new Uint8Array())
  } catch (error) {
    if (classify(error, 'get') === 'missing') return { status: 'missing' }
    throw explain(error, request)
  }
}

/** The body, cut to the range here when the store sent the whole object. */
function partOf({ body, status }: Answer, range: GetOptions['range']): Uint8Array {
  return range && status !== 206 ? body.subarray(range.start, range.end + 1) : body
}

function found(key: string, { ETag, LastModified }: Described, answer: Answer, body: Uint8Array): Found {
  const lastModified = LastModified?.getTime()
  if (lastModified === undefined) throw new StoreError('get', key, 'the answer has no Last-Modified')
  return { status: 'found', body, etag: parseEtag(ETag, 'get', key), lastModified, serverTime: timeOf(answer, key) }
}

function timeOf({ serverTime }: Answer, key: string): number {
  if (Number.isNaN(serverTime)) throw new StoreError('get', key, 'the answer has no Date')
  return serverTime
}
