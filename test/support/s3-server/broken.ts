// Promises of S3 that a test has the server break, one by one, as stores are known to: what a doctor must find out.
import type { StoredObject } from './objects.ts'
import { failure, perform, type S3Answer, type S3Request, type World } from './operations.ts'
import { tag, textsOf } from './xml.ts'

/** What a user may be forbidden. `upload` is of parts, `uploads` the list of unfinished ones. */
export type Right = 'get' | 'put' | 'delete' | 'list' | 'upload' | 'abort' | 'uploads'

export interface Broken {
  /** Conditions on puts that are not looked at. */
  readonly ignores?: readonly ('if-none-match' | 'if-match')[]
  /** A condition is looked at first, and the write happens so many milliseconds later. */
  readonly gapMs?: number
  /** How the store compares ETags: with their quotes alone, or without. */
  readonly etags?: 'quoted-only' | 'plain-only'
  /** A get answers the version before the last one, and what was deleted. */
  readonly staleReads?: boolean
  /** A listing lacks the last put, and shows the last delete. */
  readonly staleLists?: boolean
  /** A get with If-None-Match is always answered 304, or never. */
  readonly conditionalGet?: 'always-304' | 'never-304'
  /** Listings end after so many keys and say that that is all. */
  readonly listsOnly?: number
  readonly ignoresStartAfter?: boolean
  /** The Date header is off by so much. */
  readonly dateOffMs?: number
  /** Last-Modified is off by so much, or that of the first version for ever. */
  readonly lastModifiedOffMs?: number
  readonly lastModifiedOfFirst?: boolean
  /** So many writes a second to one key; those beyond are answered 503 SlowDown. */
  readonly writesPerSecond?: number
  readonly forbids?: readonly Right[]
  /** Deletes are acknowledged and not done. */
  readonly keepsDeleted?: boolean
}

/** What the broken promises need to remember of the past. */
export class Past {
  readonly before = new Map<string, StoredObject>()
  readonly first = new Map<string, Date>()
  readonly writes = new Map<string, number[]>()
  lastPut = ''
  lastDeleted: { key: string; object: StoredObject } | undefined
}

export async function performBroken(world: World, request: S3Request, broken: Broken, past: Past): Promise<S3Answer> {
  const { method, key } = request
  if (broken.forbids?.includes(rightOf(request))) return failure(403, 'AccessDenied')
  if (isTooFast(request, broken, past)) return failure(503, 'SlowDown')
  const isPut = method === 'PUT' && !request.query.has('uploadId')
  const previous = isPut ? world.bucket.objects.get(key) : undefined
  const deleted = keysDeletedBy(request).map(gone => ({ key: gone, object: world.bucket.objects.get(gone) }))
  const answer = await carryOut(world, asSeen(request, broken), broken, past)
  if (isPut && answer.status === 200) {
    past.lastPut = key
    if (previous) past.before.set(key, previous)
    past.first.set(key, past.first.get(key) ?? new Date())
  }
  for (const { key: gone, object } of deleted) if (object) past.lastDeleted = { key: gone, object }
  return { ...answer, headers: { ...answer.headers, ...times(answer, request, broken, past) } }
}

function rightOf({ method, key, query }: S3Request): Right {
  if (query.has('uploads') && method === 'GET') return 'uploads'
  if (query.has('uploads') || query.has('uploadId')) return method === 'DELETE' ? 'abort' : 'upload'
  if (query.has('delete') || method === 'DELETE') return 'delete'
  if (key === '') return 'list'
  return method === 'PUT' ? 'put' : 'get'
}

const keysDeletedBy = ({ method, key, query, body }: S3Request): string[] =>
  query.has('delete') ? textsOf('Key', body.toString()) : method === 'DELETE' && !query.has('uploadId') ? [key] : []

function isTooFast({ method, key, query }: S3Request, { writesPerSecond }: Broken, { writes }: Past): boolean {
  if (writesPerSecond === undefined || method !== 'PUT' || query.has('uploadId')) return false
  const recent = (writes.get(key) ?? []).filter(at => at > Date.now() - 1000)
  if (recent.length >= writesPerSecond) return true
  writes.set(key, [...recent, Date.now()])
  return false
}

/** The request as a server sees it that overlooks a part of it. */
function asSeen(request: S3Request, { ignores = [], etags, conditionalGet, ignoresStartAfter }: Broken): S3Request {
  const headers = { ...request.headers }
  if (request.method === 'PUT') for (const name of ignores) delete headers[name]
  if (request.method === 'GET' && conditionalGet === 'never-304') delete headers['if-none-match']
  for (const name of ['if-match', 'if-none-match']) {
    const value = headers[name]
    if (!value || value === '*' || !etags) continue
    if (/^".*"$/.test(value) !== (etags === 'quoted-only')) headers[name] = 'none'
  }
  const query = new URLSearchParams(request.query)
  if (ignoresStartAfter) query.delete('start-after')
  return { ...request, headers, query }
}

async function carryOut(world: World, request: S3Request, broken: Broken, past: Past): Promise<S3Answer> {
  const { method, key, headers } = request
  const isGet = method === 'GET' && key !== '' && !request.query.has('uploads')
  if (isGet && broken.conditionalGet === 'always-304' && headers['if-none-match']) return { status: 304 }
  if (isGet && broken.staleReads) return staleGet(world, request, past)
  if (keysDeletedBy(request).length > 0 && broken.keepsDeleted) return { status: 200, body: tag('DeleteResult') }
  if (method === 'PUT' && broken.gapMs !== undefined) return putWithGap(world, request, broken.gapMs)
  if (key === '' && method === 'GET' && !request.query.has('uploads')) return list(world, request, broken, past)
  return perform(world, request)
}

function staleGet(world: World, request: S3Request, { before, lastDeleted }: Past): S3Answer {
  const { objects } = world.bucket
  const { key } = request
  const stale = objects.has(key) ? before.get(key) : lastDeleted?.key === key ? lastDeleted.object : undefined
  if (!stale) return perform(world, request)
  const current = objects.get(key)
  // Synchronous, so that nobody sees the bucket in between.
  world.bucket.restore(key, stale)
  const answer = perform(world, request)
  world.bucket.restore(key, current)
  return answer
}

async function putWithGap(world: World, request: S3Request, gapMs: number): Promise<S3Answer> {
  const { objects } = world.bucket
  const { key, headers } = request
  const etag = objects.get(key)?.etag
  const expected = headers['if-match']?.replaceAll('"', '')
  if (headers['if-none-match'] === '*' && etag) return failure(412, 'PreconditionFailed')
  if (expected !== undefined && expected !== etag) return failure(412, 'PreconditionFailed')
  await new Promise(resolve => setTimeout(resolve, gapMs))
  const { 'if-match': _, 'if-none-match': __, ...unconditional } = headers
  return perform(world, { ...request, headers: unconditional })
}

function list(world: World, request: S3Request, broken: Broken, past: Past): S3Answer {
  const { listsOnly, staleLists } = broken
  const listed = perform(world, request)
  if (listed.status !== 200) return listed
  let body = String(listed.body)
  if (listsOnly !== undefined) {
    const entries = [...body.matchAll(/<Contents>.*?<\/Contents>/gs)].slice(0, listsOnly).map(([entry]) => entry)
    body = tag('ListBucketResult', tag('IsTruncated', 'false'), ...entries)
  }
  if (staleLists) {
    body = body.replace(/<Contents>.*?<\/Contents>/gs, entry =>
      entry.includes(`<Key>${past.lastPut}</Key>`) ? '' : entry,
    )
    const { key = '', object } = past.lastDeleted ?? {}
    if (object && key.startsWith(request.query.get('prefix') ?? '')) {
      const entry = tag(
        'Contents',
        tag('Key', key),
        tag('LastModified', object.lastModified.toISOString()),
        tag('Size', '1'),
      )
      body = body.replace('</ListBucketResult>', `${entry}</ListBucketResult>`)
    }
  }
  return { ...listed, body }
}

function times(answer: S3Answer, { key }: S3Request, broken: Broken, { first }: Past): Record<string, string> {
  const { dateOffMs, lastModifiedOffMs = 0, lastModifiedOfFirst } = broken
  const modified = answer.headers?.['last-modified']
  const since = lastModifiedOfFirst ? first.get(key)?.getTime() : modified && Date.parse(modified) + lastModifiedOffMs
  return {
    ...(dateOffMs !== undefined && { date: new Date(Date.now() + dateOffMs).toUTCString() }),
    ...(modified && since && { 'last-modified': new Date(since).toUTCString() }),
  }
}
