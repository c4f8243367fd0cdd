// What stands in for the AWS SDK's client in the scale benchmark: it takes the SDK's own commands and answers as an S3 server would, from
// a bucket on virtual time. So the S3 kind of store is measured as it is: its conditions, its pages, its patience with `SlowDown`.
// Invariant: a request takes one round trip, give or take a tenth, and what its bodies need at the process's own bandwidth; at most as
// many are under way as the S3 kind has sockets. It loses nothing: losses are the simulation's (test/simulation).
import { Readable } from 'node:stream'
import * as sdk from '@aws-sdk/client-s3'
import type { Ambient } from '../../../lib/ambient.ts'
import type { Connection } from '../../../lib/store/s3/connection.ts'
import { parseS3Url } from '../../../lib/store/s3/s3-url.ts'
import type { Bucket, Condition } from './bucket.ts'

export interface Network {
  readonly roundTripMs: number
  readonly bytesPerMs: number
}

/** One request as the bucket saw it. */
export interface Seen {
  readonly operation: 'get' | 'put' | 'delete' | 'list'
  readonly key: string
  readonly at: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly status: number
  /** Of a listing. */
  readonly entries: number
}

export interface ClientMeans {
  readonly bucket: Bucket
  readonly network: Network
  readonly ambient: Ambient
  readonly onRequest: (seen: Seen) => void
  /** Resolves when the process lives, and never once it is dead. */
  readonly alive: () => Promise<void>
}

/** As lib/store/s3/connection.ts has it. */
const SOCKETS = 128
const JITTER = 0.1
const LOCATION = parseS3Url('s3://scale?endpoint=http://127.0.0.1:1')

type Command =
  | sdk.GetObjectCommand
  | sdk.PutObjectCommand
  | sdk.DeleteObjectCommand
  | sdk.DeleteObjectsCommand
  | sdk.ListObjectsV2Command

/** The connection of one process. */
export function connectionTo(means: ClientMeans): Connection {
  const client = new SimulatedClient(means)
  // The S3 kind asks nothing of a client but to send commands.
  const standIn = client as unknown as sdk.S3Client
  return { location: LOCATION, sdk, patient: standIn, once: standIn, close: () => undefined }
}

/** What the bucket says to a request. */
interface Reply {
  readonly status: number
  readonly output: object
  readonly body?: Uint8Array | undefined
  readonly entries?: number
  /** The error's code, when it is one. */
  readonly code?: string
}

class SimulatedClient {
  readonly #means: ClientMeans
  readonly #sockets = new Sockets(SOCKETS)

  constructor(means: ClientMeans) {
    this.#means = means
  }

  async send(command: Command): Promise<object> {
    await this.#sockets.take()
    try {
      const reply = command instanceof sdk.GetObjectCommand ? await this.#get(command) : await this.#exchange(command)
      if (reply.code) throw failureOf(reply)
      return reply.output
    } finally {
      this.#sockets.giveBack()
    }
  }

  /** The S3 kind reads the answer's body and date where the SDK takes the answer apart, so its middleware is run here, too. */
  async #get(command: sdk.GetObjectCommand): Promise<Reply> {
    const { ambient } = this.#means
    let reply: Reply | undefined
    const handler = async () => {
      reply = await this.#exchange(command)
      const { status, output, body = new Uint8Array() } = reply
      const headers = { date: new Date(ambient.now()).toUTCString(), 'content-length': String(body.length) }
      return { output, response: { statusCode: status, headers, body: Readable.from([body]) } }
    }
    const stack = command.middlewareStack as unknown as { resolve(core: Handler, context: object): Handler }
    await stack.resolve(handler, {})({ input: command.input })
    return reply as Reply
  }

  async #exchange(command: Command): Promise<Reply> {
    const { bucket, network, ambient, onRequest, alive } = this.#means
    const [operation, key, bytesUp] = about(command)
    const leg = () => (network.roundTripMs / 2) * (1 + JITTER * (2 * ambient.random() - 1))
    await alive()
    await ambient.sleep(leg() + bytesUp / network.bytesPerMs)
    const reply = replyTo(bucket, command, ambient.now())
    const bytesDown = reply.body?.length ?? 0
    const { status, entries = 0 } = reply
    onRequest({ operation, key, at: ambient.monotonic(), bytesUp, bytesDown, status, entries })
    await ambient.sleep(leg() + bytesDown / network.bytesPerMs)
    await alive()
    return reply
  }
}

type Handler = (args: object) => Promise<{ readonly output: object; readonly response: object }>

function about(command: Command): [operation: Seen['operation'], key: string, bytesUp: number] {
  if (command instanceof sdk.GetObjectCommand) return ['get', command.input.Key ?? '', 0]
  if (command instanceof sdk.PutObjectCommand) return ['put', command.input.Key ?? '', bodyOf(command).length]
  if (command instanceof sdk.DeleteObjectCommand) return ['delete', command.input.Key ?? '', 0]
  if (command instanceof sdk.ListObjectsV2Command) return ['list', command.input.Prefix ?? '', 0]
  return ['delete', command.input.Delete?.Objects?.[0]?.Key ?? '', 0]
}

const bodyOf = ({ input }: sdk.PutObjectCommand): Uint8Array => input.Body as Uint8Array

function replyTo(bucket: Bucket, command: Command, now: number): Reply {
  if (command instanceof sdk.GetObjectCommand) return replyToGet(bucket, command)
  if (command instanceof sdk.PutObjectCommand) return replyToPut(bucket, command, now)
  if (command instanceof sdk.ListObjectsV2Command) return replyToList(bucket, command)
  const keys = command instanceof sdk.DeleteObjectCommand ? [command.input] : (command.input.Delete?.Objects ?? [])
  for (const { Key = '' } of keys) bucket.delete(Key)
  return { status: 200, output: {} }
}

function replyToGet(bucket: Bucket, { input }: sdk.GetObjectCommand): Reply {
  const { Key = '', IfNoneMatch, IfMatch, Range } = input
  const object = bucket.get(Key)
  if (!object) return { status: 404, output: {}, code: 'NoSuchKey' }
  if (IfNoneMatch === object.etag) return { status: 304, output: {}, code: 'NotModified' }
  if (IfMatch && IfMatch !== object.etag) return { status: 412, output: {}, code: 'PreconditionFailed' }
  const output = { ETag: `"${object.etag}"`, LastModified: new Date(wholeSeconds(object.at)) }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(Range ?? '') ?? []
  if (from === undefined) return { status: 200, output, body: object.body }
  return { status: 206, output, body: object.body.subarray(Number(from), Number(to) + 1) }
}

function replyToPut(bucket: Bucket, command: sdk.PutObjectCommand, now: number): Reply {
  const { Key = '', IfMatch, IfNoneMatch } = command.input
  const condition: Condition | undefined = IfMatch ? { ifMatch: IfMatch } : IfNoneMatch ? 'if absent' : undefined
  const answer = bucket.put(Key, bodyOf(command), { now, condition })
  if (answer.status === 'stored') return { status: 200, output: { ETag: `"${answer.etag}"` } }
  if (answer.status === 'slow down') return { status: 503, output: {}, code: 'SlowDown' }
  if (answer.status === 'no such key') return { status: 404, output: {}, code: 'NoSuchKey' }
  return { status: 412, output: {}, code: 'PreconditionFailed' }
}

function replyToList(bucket: Bucket, { input }: sdk.ListObjectsV2Command): Reply {
  const { Prefix: prefix = '', Delimiter: delimiter, StartAfter = '', ContinuationToken } = input
  const { objects, prefixes, next } = bucket.list({ prefix, delimiter, after: ContinuationToken ?? StartAfter })
  const Contents = objects.map(([Key, { size, etag, at }]) => {
    return { Key, Size: size, ETag: `"${etag}"`, LastModified: new Date(wholeSeconds(at)) }
  })
  const CommonPrefixes = prefixes.map(Prefix => ({ Prefix }))
  const cut = next === undefined ? { IsTruncated: false } : { IsTruncated: true, NextContinuationToken: next }
  return { status: 200, output: { Contents, CommonPrefixes, ...cut }, entries: Contents.length + CommonPrefixes.length }
}

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000) * 1000

const failureOf = ({ status, code = '' }: Reply): Error =>
  Object.assign(new Error(code), { name: code, $metadata: { httpStatusCode: status } })

/** Who finds none free waits for its turn. */
class Sockets {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async take(): Promise<void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  giveBack(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free += 1
  }
}
