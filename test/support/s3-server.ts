// A small S3 server for tests and benches: path style, in memory, on 127.0.0.1, any credentials. It counts requests and bytes
// and injects latency and faults, and is spoken to through the real AWS SDK, so that what a test sees is what travels.
// It does not check signatures, and knows only the operations that runlet uses (s3-server/operations.ts).
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as timer } from 'node:timers/promises'
import { type Broken, Past, performBroken } from './s3-server/broken.ts'
import { type FaultAction, type FaultRule, Faults } from './s3-server/faults.ts'
import { Bucket, type EtagStyle, type StoredObject } from './s3-server/objects.ts'
import { failure, perform, type S3Answer, type S3Request, type World } from './s3-server/operations.ts'
import { operationOf, type RequestRecord, summarize } from './s3-server/request-log.ts'

export type { Broken } from './s3-server/broken.ts'
export { useTestCredentials } from './s3-server/credentials.ts'
export type { FaultRule } from './s3-server/faults.ts'
export type { RequestRecord, Summary } from './s3-server/request-log.ts'

export interface S3ServerOptions {
  /** How long every answer is held back. Default 0. */
  latencyMs?: number
  /**
   * How fast a body travels, up or down: a limit of each request for itself, as S3 has it, which carries as many at once as are asked
   * for. A put has its effect when its body has arrived. Default: no limit.
   */
  bytesPerSecond?: number
  /** The longest page of a listing. Default 1000. */
  pageSize?: number
  /** Answer listings in short and empty pages, as Ceph RGW does. Default false. */
  raggedPages?: boolean
  /** `md5` of the content, as S3 does, or `random`. Default md5. */
  etagStyle?: EtagStyle
  /** Default: any free one. */
  port?: number
}

export interface S3Server {
  readonly endpoint: string
  /** Every request since the start or the last reset, in order of arrival. */
  readonly requests: readonly RequestRecord[]
  /** Makes the bucket if need be, and answers the s3:// URL of a prefix in it. */
  url(bucket: string, prefix?: string): string
  /** Puts an object without a request: fast, if the keys come in order. */
  put(bucket: string, key: string, body: Buffer): void
  /** The objects of a bucket by key. */
  objects(bucket: string): ReadonlyMap<string, StoredObject>
  /** The keys of the multipart uploads that were neither completed nor aborted. */
  unfinishedUploads(bucket: string): string[]
  /** Orders a fault for requests to come. The oldest rule that matches a request and is not used up decides. */
  fault(rule: FaultRule): void
  /** Breaks promises of S3 until the next reset. */
  breakPromises(broken: Broken): void
  /** Makes objects and unfinished uploads older than they are. */
  age(bucket: string, key: RegExp, ms: number): void
  /** Puts the server's clock forward, for good: what lies in it grows older by that. */
  advance(ms: number): void
  /** Forgets requests and faults, and the objects too if asked. */
  reset(options?: { objects: boolean }): void
  close(): Promise<void>
}

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = new InMemoryS3(options)
  await server.listen(options.port ?? 0)
  return server
}

class InMemoryS3 implements S3Server {
  readonly requests: RequestRecord[] = []
  readonly #worlds = new Map<string, World>()
  readonly #faults = new Faults()
  #broken: Broken | undefined
  #past = new Past()
  #aheadMs = 0
  readonly #clock = () => new Date(Date.now() + this.#aheadMs)
  readonly #options: S3ServerOptions
  readonly #http: Server

  constructor(options: S3ServerOptions) {
    this.#options = options
    this.#http = createServer((incoming, outgoing) => {
      this.#answer(incoming, outgoing).catch(error => outgoing.destroy(error))
    })
    this.#http.keepAliveTimeout = 60_000
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  url(bucket: string, prefix = ''): string {
    this.#world(bucket)
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}&region=us-east-1&pathStyle=true`
  }

  put(bucket: string, key: string, body: Buffer): void {
    this.#world(bucket).bucket.put(key, body)
  }

  objects(bucket: string): ReadonlyMap<string, StoredObject> {
    return this.#world(bucket).bucket.objects
  }

  unfinishedUploads(bucket: string): string[] {
    return [...this.#world(bucket).uploads.values()].map(({ key }) => key)
  }

  fault(rule: FaultRule): void {
    this.#faults.add(rule)
  }

  breakPromises(broken: Broken): void {
    this.#broken = broken
    this.#past = new Past()
  }

  age(bucket: string, key: RegExp, ms: number): void {
    const { bucket: own, uploads } = this.#world(bucket)
    const before = new Date(this.#clock().getTime() - ms)
    for (const [name, object] of [...own.objects])
      if (key.test(name)) own.restore(name, { ...object, lastModified: before })
    for (const [id, upload] of uploads) if (key.test(upload.key)) uploads.set(id, { ...upload, startedAt: before })
  }

  advance(ms: number): void {
    this.#aheadMs += ms
  }

  reset({ objects }: { objects: boolean } = { objects: false }): void {
    this.requests.length = 0
    this.#faults.clear()
    this.#broken = undefined
    if (!objects) return
    for (const { bucket, uploads } of this.#worlds.values()) {
      bucket.clear()
      uploads.clear()
    }
  }

  close(): Promise<void> {
    return new Promise(resolve => {
      this.#http.close(() => resolve())
      this.#http.closeAllConnections()
    })
  }

  /** The bucket, made if need be. */
  #world(name: string): World {
    const { etagStyle = 'md5', pageSize = 1000, raggedPages = false } = this.#options
    const listing = { pageSize, raggedPages }
    const bucketNamed = (other: string) => this.#worlds.get(other)?.bucket
    const made = { bucket: new Bucket(etagStyle, this.#clock), uploads: new Map(), listing, bucketNamed }
    const world = this.#worlds.get(name) ?? made
    this.#worlds.set(name, world)
    return world
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const startedAt = preciseNow()
    const request = await read(incoming)
    if (request.bucket === '_runlet') return this.#control(request, outgoing)
    const record = openRecord(request, startedAt)
    this.requests.push(record)
    const { latencyMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY } = this.#options
    const travelMs = (bytes: number) => (bytes / bytesPerSecond) * 1000
    await sleep(startedAt + travelMs(record.bytesUp) - preciseNow())
    const fault = this.#faults.take(request.method, request.key)
    const answer = await resultOf(fault, () => {
      const world = this.#worlds.get(request.bucket)
      if (!world) return failure(404, 'NoSuchBucket')
      return this.#broken ? performBroken(world, request, this.#broken, this.#past) : perform(world, request)
    })
    const delayMs = typeof fault === 'object' && 'delayMs' in fault ? fault.delayMs : 0
    const bytesDown = answer === 'drop' ? 0 : Buffer.byteLength(answer.body ?? '')
    await sleep(latencyMs + delayMs + travelMs(bytesDown))
    record.endedAt = preciseNow()
    if (answer === 'drop') return void incoming.socket.destroy()
    record.status = answer.status
    if (this.#aheadMs > 0) outgoing.setHeader('date', this.#clock().toUTCString())
    record.bytesDown = send(outgoing, answer, fault)
  }

  #control({ method, query }: S3Request, outgoing: ServerResponse): void {
    if (method === 'POST') this.reset({ objects: query.has('objects') })
    outgoing.setHeader('content-type', 'application/json').end(`${JSON.stringify(summarize(this.requests))}\n`)
  }
}

const sleep = async (ms: number) => void (ms > 0 && (await timer(ms, undefined, { ref: false })))
const preciseNow = () => performance.timeOrigin + performance.now()

async function read(incoming: IncomingMessage): Promise<S3Request & { bucket: string }> {
  const { pathname, searchParams: query } = new URL(incoming.url ?? '/', 'http://localhost')
  const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? []
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const headers = incoming.headers as Record<string, string | undefined>
  const body = Buffer.concat(chunks)
  return { method: incoming.method ?? '', bucket, key: decodeURIComponent(key), query, headers, body }
}

function openRecord({ method, key, query, headers, body }: S3Request, startedAt: number): RequestRecord {
  const condition = { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] }
  const isConditional = condition.ifMatch !== undefined || condition.ifNoneMatch !== undefined
  const operation = operationOf(method, key, query, isConditional)
  const bytesUp = body.length
  return {
    operation,
    method,
    key,
    query: query.toString(),
    condition,
    bytesUp,
    bytesDown: 0,
    status: 0,
    startedAt,
    endedAt: startedAt,
  }
}

/** Has the request its effect, and what is answered? A fault may say no to either. */
async function resultOf(
  fault: FaultAction | undefined,
  effect: () => S3Answer | Promise<S3Answer>,
): Promise<S3Answer | 'drop'> {
  if (fault === 'drop-before') return 'drop'
  if (fault === 'throttle') return failure(503, 'SlowDown')
  const isError = typeof fault === 'object' && 'status' in fault
  if (isError && fault.when !== 'after') return failure(fault.status, fault.code)
  const answer = await effect()
  if (fault === 'drop-after') return 'drop'
  return isError ? failure(fault.status, fault.code) : answer
}

/** Sends the answer and says how long its body is. */
function send(
  outgoing: ServerResponse,
  { status, headers, body = '' }: S3Answer,
  fault: FaultAction | undefined,
): number {
  const length = Buffer.byteLength(body)
  outgoing.writeHead(status, status === 304 || status === 204 ? headers : { 'content-length': length, ...headers })
  if (fault === 'cut-short') {
    outgoing.write(body.slice(0, length >> 1), () => outgoing.destroy())
    return length >> 1
  }
  outgoing.end(body)
  return length
}
