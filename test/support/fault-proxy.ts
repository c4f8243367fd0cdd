// A proxy between an S3 client and its store that does to the requests what networks and stores do to them: it breaks connections at
// any point, is late, is silent, throttles, fails, and repeats what was true before. Requests travel as they were signed, with the
// Host that the client named, so that a store which checks signatures (Ceph RGW) takes them.
// It does nothing by itself: a plan says which request meets which fault (fault-proxy/faults.ts).
import { Agent, createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { CALM, type Fault, type Passing, type Plan } from './fault-proxy/faults.ts'
import { Past, type Reply } from './fault-proxy/past.ts'

export {
  atRate,
  atRequest,
  CALM,
  canMeet,
  FAULTS,
  type Fault,
  LIES,
  type Passing,
  type Plan,
} from './fault-proxy/faults.ts'

export interface FaultProxy {
  readonly endpoint: string
  /** How many requests have come since the plan in use was made. */
  readonly passed: number
  /** The faults that were done: a cut in a body that is not there, or a stale answer to a first read, is none. */
  readonly met: readonly { readonly fault: Fault; readonly request: string }[]
  /** From now on this plan decides, and requests are counted from 1 again. */
  use(plan: Plan): void
  close(): Promise<void>
}

export interface FaultProxyOptions {
  /** Where the store is: http://host:port. */
  readonly upstream: string
  readonly plan?: Plan
  /** How late a `delay` is. Default 150. */
  readonly delayMs?: number
}

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new HttpFaultProxy(options)
  await proxy.listen()
  return proxy
}

type Met = FaultProxy['met'][number]

class HttpFaultProxy implements FaultProxy {
  passed = 0
  readonly met: Met[] = []
  readonly #upstream: URL
  readonly #delayMs: number
  readonly #past = new Past()
  readonly #agent = new Agent({ keepAlive: true })
  readonly #http = createServer((incoming, outgoing) => {
    this.#pass(incoming, outgoing).catch(error => outgoing.destroy(error))
  })
  #plan: Plan

  constructor({ upstream, plan = CALM, delayMs = 150 }: FaultProxyOptions) {
    this.#upstream = new URL(upstream)
    this.#plan = plan
    this.#delayMs = delayMs
    this.#http.keepAliveTimeout = 60_000
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  use(plan: Plan): void {
    this.#plan = plan
    this.passed = 0
  }

  async close(): Promise<void> {
    this.#agent.destroy()
    await new Promise<void>(resolve => {
      this.#http.close(() => resolve())
      this.#http.closeAllConnections()
    })
  }

  async #pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.passed += 1
    const passing = describe(incoming, this.passed)
    const fault = this.#plan(passing)
    const meet = () => fault && this.met.push({ fault, request: `${passing.method} ${passing.key}` })
    if (fault === 'cut-in-request' && (await this.#cutInRequest(incoming))) return void meet()
    const body = await readAll(incoming)
    const refusal = fault && REFUSALS[fault]
    if (fault === 'cut-before' || fault === 'hang-before' || refusal) {
      meet()
      if (fault === 'cut-before') incoming.socket.destroy()
      if (refusal) deliver(outgoing, refusal)
      return
    }
    const reply = await this.#forward(incoming, body)
    this.#past.note(passing, body, reply)
    const answer = fault ? this.#answerUnder(fault, passing, reply) : undefined
    if (answer) meet()
    if (fault === 'delay') await sleep(this.#delayMs)
    if (answer === 'silence') return
    if (answer === 'cut') return void incoming.socket.destroy()
    if (answer === 'half' || answer === 'half-silence') return deliverHalf(outgoing, reply, answer === 'half')
    deliver(outgoing, answer ?? reply)
  }

  /** What is answered instead of `reply`; undefined when this fault cannot be done to it. */
  #answerUnder(
    fault: Fault,
    passing: Passing,
    reply: Reply,
  ): Reply | 'silence' | 'cut' | 'half' | 'half-silence' | undefined {
    if (fault === 'cut-after') return 'cut'
    if (fault === 'cut-in-answer') return 'half'
    if (fault === 'hang-in-answer') return 'half-silence'
    if (fault === 'hang-after') return 'silence'
    if (fault === 'delay') return reply
    if (fault === 'error-after') return INTERNAL_ERROR
    if (fault === 'gateway-after') return BAD_GATEWAY
    if (fault === 'stale') return this.#past.stale(passing, reply)
    if (fault === 'stale-304' && passing.method === 'GET' && passing.headers['if-none-match'])
      return { status: 304, headers: { date: reply.headers.date }, body: Buffer.alloc(0) }
    return undefined
  }

  /** The store gets half of the body, and then both connections break. Resolves to false when there is no body to cut. */
  async #cutInRequest(incoming: IncomingMessage): Promise<boolean> {
    const half = Number(incoming.headers['content-length'] ?? 0) >> 1
    if (half === 0) return false
    const { socket } = incoming
    const outgoing = this.#open(incoming)
    outgoing.on('error', () => undefined) // it is we who break it
    let seen = 0
    for await (const chunk of incoming) {
      seen += chunk.length
      await new Promise(resolve => outgoing.write(chunk.subarray(0, Math.max(0, half - seen + chunk.length)), resolve))
      if (seen >= half) break
    }
    outgoing.destroy()
    socket.destroy()
    return true
  }

  #forward(incoming: IncomingMessage, body: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(incoming).on('error', reject)
      outgoing.on('response', answer => {
        const { statusCode = 0, headers } = answer
        readAll(answer).then(whole => resolve({ status: statusCode, headers, body: whole }), reject)
      })
      outgoing.end(body)
    })
  }

  #open({ method, url, headers }: IncomingMessage) {
    const { connection, ...rest } = headers
    const { hostname, port } = this.#upstream
    return sendRequest({ hostname, port, method, path: url, headers: rest, agent: this.#agent })
  }
}

function describe({ method = '', url = '/', headers }: IncomingMessage, index: number): Passing {
  const { pathname, searchParams: query } = new URL(url, 'http://localhost')
  const [, key = ''] = /^\/[^/]*\/?(.*)$/s.exec(pathname) ?? []
  return { index, method, key: decodeURIComponent(key), query, headers }
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const xml = (status: number, code: string, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/xml', ...headers },
  body: Buffer.from(`<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>as planned</Message></Error>`),
})

const INTERNAL_ERROR = xml(500, 'InternalError')
const BAD_GATEWAY: Reply = {
  status: 502,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<html><head><title>502 Bad Gateway</title></head><body><hr></body></html>'),
}
/** Answers to requests that the store never hears of. */
const REFUSALS: Partial<Record<Fault, Reply>> = {
  'throttle-429': xml(429, 'TooManyRequests', { 'retry-after': '1' }),
  'throttle-503': xml(503, 'SlowDown'),
  'error-before': INTERNAL_ERROR,
}

const NO_BODY = [204, 304]

function deliver(outgoing: ServerResponse, { status, headers, body }: Reply): void {
  outgoing.writeHead(status, framed(outgoing, { status, headers, body }))
  outgoing.end(hasBody(outgoing, status) ? body : undefined)
}

/** Half of the body, or of the header when there is no body; then the connection breaks, or nothing more ever comes. */
function deliverHalf(outgoing: ServerResponse, reply: Reply, breaks: boolean): void {
  const { socket } = outgoing
  const end = () => void (breaks && socket?.destroy())
  if (reply.body.length < 2 || !hasBody(outgoing, reply.status))
    return void socket?.write(`HTTP/1.1 ${reply.status} A\r\nETa`, end)
  outgoing.writeHead(reply.status, framed(outgoing, reply))
  outgoing.write(reply.body.subarray(0, reply.body.length >> 1), end)
}

const hasBody = (outgoing: ServerResponse, status: number) =>
  outgoing.req.method !== 'HEAD' && !NO_BODY.includes(status)

/** The answer's headers, but for those that belong to the connection that it came by. */
function framed(outgoing: ServerResponse, { status, headers, body }: Reply): Record<string, string | string[]> {
  const {
    connection,
    'keep-alive': keepAlive,
    'transfer-encoding': encoding,
    'content-length': length,
    ...rest
  } = headers
  const kept = Object.fromEntries(
    Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  if (NO_BODY.includes(status)) return kept
  return {
    ...kept,
    'content-length': outgoing.req.method === 'HEAD' ? String(length ?? body.length) : String(body.length),
  }
}
