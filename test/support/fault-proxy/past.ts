// What the proxy remembers of the store, so that it can answer what was true one write ago: the versions of each key that it saw
// pass, the keys in the order in which they were put, and the listings.
import { textsOf } from '../s3-server/xml.ts'
import type { Passing } from './faults.ts'

/** An answer, or a request's body, whole. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

const MISSING: Reply = {
  status: 404,
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from('<Error><Code>NoSuchKey</Code><Message>as it was before</Message></Error>'),
}
/** So many of the newest keys a stale listing lacks. */
const FORGOTTEN = 3

export class Past {
  /** Oldest first. */
  readonly #versions = new Map<string, Reply[]>()
  readonly #put: string[] = []
  readonly #listings = new Map<string, Buffer>()

  /** Takes note of what passed. */
  note(passing: Passing, sent: Buffer, reply: Reply): void {
    const { method, key, query } = passing
    if (key === '') {
      if (method === 'POST' && reply.status === 200)
        for (const gone of textsOf('Key', sent.toString())) this.#add(gone, MISSING)
      return
    }
    if (query.has('uploads') || query.has('uploadId')) return
    if (method === 'GET' && !passing.headers.range && reply.status === 200) this.#add(key, reply)
    if (method === 'GET' && reply.status === 404) this.#add(key, MISSING)
    if (method === 'PUT' && reply.status === 200) {
      if (passing.headers['if-none-match'] === '*' || !this.#versions.has(key)) this.#add(key, MISSING)
      this.#put.push(key)
      this.#add(key, versionOf(reply, sent))
    }
  }

  /** What an older store would have answered; undefined when nothing older is known. */
  stale(passing: Passing, reply: Reply): Reply | undefined {
    const { method, key, headers } = passing
    if (method !== 'GET' && method !== 'HEAD') return undefined
    if (key === '') return this.#staleListing(passing, reply)
    const older = this.#versions.get(key)?.at(-2)
    if (!older) return undefined
    if (
      older !== MISSING &&
      headers['if-none-match'] &&
      unquoted(headers['if-none-match']) === unquoted(older.headers.etag)
    )
      return { status: 304, headers: { date: reply.headers.date }, body: Buffer.alloc(0) }
    if (older !== MISSING && headers.range) return undefined
    return { ...older, headers: { ...older.headers, date: reply.headers.date } }
  }

  #staleListing({ query }: Passing, reply: Reply): Reply | undefined {
    const url = query.toString()
    const before = this.#listings.get(url)
    this.#listings.set(url, reply.body)
    if (before && !before.equals(reply.body)) return withBody(reply, before)
    const newest = new Set(this.#put.slice(-FORGOTTEN))
    const text = reply.body.toString()
    const shortened = text.replace(/<Contents>.*?<\/Contents>/gs, entry => {
      return newest.has(textsOf('Key', entry)[0] ?? '') ? '' : entry
    })
    return shortened === text ? undefined : withBody(reply, Buffer.from(shortened))
  }

  #add(key: string, version: Reply): void {
    const known = this.#versions.get(key) ?? []
    const newest = known.at(-1)
    if (newest && newest.headers.etag === version.headers.etag && newest.status === version.status) return
    this.#versions.set(key, [...known.slice(-3), version])
  }
}

/** The version that a put made, as a read would have answered it then. */
function versionOf(reply: Reply, body: Buffer): Reply {
  const { etag, date } = reply.headers
  return { status: 200, headers: { etag, date, 'last-modified': date }, body }
}

const withBody = (reply: Reply, body: Buffer): Reply => ({ ...reply, body })

const unquoted = (etag: string | string[] | undefined) => String(etag ?? '').replace(/^"(.*)"$/, '$1')
