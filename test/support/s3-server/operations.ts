// What S3 does with each kind of request: pure of HTTP, so that an effect and its answer can be had apart from one another.
import { randomBytes } from 'node:crypto'
import { type Bucket, md5, type StoredObject } from './objects.ts'
import { tag, text, textsOf } from './xml.ts'

export interface S3Request {
  readonly method: string
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

export interface S3Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
}

export interface ListingStyle {
  /** The longest page. */
  readonly pageSize: number
  /** Like Ceph RGW: every other page is empty, the rest are short, and all but the last say that there is more. */
  readonly raggedPages: boolean
}

/** A multipart upload that was neither completed nor aborted. */
export interface UnfinishedUpload {
  readonly key: string
  readonly startedAt: Date
  readonly parts: Map<number, Buffer>
}

/** What a bucket holds besides its objects. */
export interface World {
  readonly bucket: Bucket
  readonly uploads: Map<string, UnfinishedUpload>
  readonly listing: ListingStyle
  /** The others, for a copy from one to another. */
  readonly bucketNamed: (name: string) => Bucket | undefined
}

/** Carries out a request. */
export function perform(world: World, request: S3Request): S3Answer {
  const { method, key, query } = request
  if (/^STREAMING-/.test(request.headers['x-amz-content-sha256'] ?? '')) return failure(501, 'NotImplemented')
  if (key === '' && method === 'GET' && query.get('list-type') === '2') return list(world, query)
  if (key === '' && method === 'POST' && query.has('delete')) return deleteMany(world.bucket, request.body)
  if (key === '' && method === 'GET' && query.has('uploads')) return listUploads(world, query)
  if (key === '') return failure(501, 'NotImplemented')
  const from = request.headers['x-amz-copy-source']
  if (method === 'PUT' && from !== undefined) return copy(world, request, from)
  if (query.has('uploads') || query.has('uploadId')) return multipart(world, request)
  if (method === 'GET' || method === 'HEAD') return get(world.bucket, request)
  if (method === 'PUT') return put(world.bucket, request)
  if (method === 'DELETE') {
    world.bucket.delete(key)
    return { status: 204 }
  }
  return failure(405, 'MethodNotAllowed')
}

export function failure(status: number, code: string): S3Answer {
  return { status, body: tag('Error', tag('Code', code), tag('Message', `the test server says ${code}`)) }
}

const unquoted = (etag: string | undefined) => etag?.replace(/^"(.*)"$/, '$1')

function get(bucket: Bucket, { method, key, headers }: S3Request): S3Answer {
  const object = bucket.objects.get(key)
  if (!object) return failure(404, 'NoSuchKey')
  const expected = unquoted(headers['if-match'])
  if (expected !== undefined && expected !== object.etag) return failure(412, 'PreconditionFailed')
  if (unquoted(headers['if-none-match']) === object.etag) return { status: 304 }
  const described = describe(object)
  if (method === 'HEAD') return { status: 200, headers: { ...described, 'content-length': String(object.body.length) } }
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')
  if (!range) return { status: 200, headers: described, body: object.body }
  const start = Number(range[1])
  if (start >= object.body.length) return failure(416, 'InvalidRange')
  return { status: 206, headers: described, body: object.body.subarray(start, Number(range[2]) + 1) }
}

function describe({ etag, lastModified }: StoredObject): Record<string, string> {
  return { etag: `"${etag}"`, 'last-modified': lastModified.toUTCString() }
}

function put(bucket: Bucket, { key, headers, body }: S3Request): S3Answer {
  const current = bucket.objects.get(key)
  if (headers['if-none-match'] === '*' && current) return failure(412, 'PreconditionFailed')
  const expected = unquoted(headers['if-match'])
  if (expected !== undefined && !current) return failure(404, 'NoSuchKey')
  if (expected !== undefined && current?.etag !== expected) return failure(412, 'PreconditionFailed')
  return { status: 200, headers: { etag: `"${bucket.put(key, body).etag}"` } }
}

/** An object, or with an upload a range of one, from this bucket or another. */
function copy(world: World, { key, query, headers }: S3Request, from: string): S3Answer {
  const [, name = '', path = ''] = /^\/?([^/]+)\/(.*)$/s.exec(decodeURIComponent(from)) ?? []
  const bucket = world.bucketNamed(name)
  if (!bucket) return failure(404, 'NoSuchBucket')
  const source = bucket.objects.get(path)
  if (!source) return failure(404, 'NoSuchKey')
  const expected = unquoted(headers['x-amz-copy-source-if-match'])
  if (expected !== undefined && expected !== source.etag) return failure(412, 'PreconditionFailed')
  const id = query.get('uploadId')
  if (id === null) {
    if (source.body.length > MOST_COPIED) return failure(400, 'InvalidRequest')
    return {
      status: 200,
      body: tag('CopyObjectResult', tag('ETag', text(`"${world.bucket.put(key, source.body).etag}"`))),
    }
  }
  const upload = world.uploads.get(id)
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers['x-amz-copy-source-range'] ?? '')
  if (upload?.key !== key) return failure(404, 'NoSuchUpload')
  if (range && Number(range[2]) >= source.body.length) return failure(416, 'InvalidRange')
  const part = range ? source.body.subarray(Number(range[1]), Number(range[2]) + 1) : source.body
  upload.parts.set(Number(query.get('partNumber')), Buffer.from(part))
  return { status: 200, body: tag('CopyPartResult', tag('ETag', text(`"${md5(Buffer.from(part))}"`))) }
}

/** What S3 copies in one request. */
const MOST_COPIED = 5 * 1024 ** 3

function deleteMany(bucket: Bucket, body: Buffer): S3Answer {
  const keys = textsOf('Key', body.toString())
  if (keys.length > 1000) return failure(400, 'MalformedXML')
  for (const key of keys) bucket.delete(key)
  return { status: 200, body: tag('DeleteResult') }
}

function list({ bucket, listing }: World, query: URLSearchParams): S3Answer {
  const token = query.get('continuation-token')
  const from = token ? decodeToken(token) : { after: query.get('start-after') ?? '', page: 0 }
  const asked = Math.min(Number(query.get('max-keys') ?? listing.pageSize), listing.pageSize)
  const isEmpty = listing.raggedPages && from.page % 2 === 0
  const size = isEmpty ? 0 : listing.raggedPages ? Math.max(1, asked >> 1) : asked
  const page = bucket.page({
    prefix: query.get('prefix') ?? '',
    after: from.after,
    delimiter: query.get('delimiter') ?? '',
    size,
  })
  const next = page.more ? tag('NextContinuationToken', encodeToken({ after: page.last, page: from.page + 1 })) : ''
  const contents = page.objects.map(key => tag('Contents', ...describeEntry(key, bucket.objects.get(key))))
  const prefixes = page.prefixes.map(prefix => tag('CommonPrefixes', tag('Prefix', text(prefix))))
  const body = tag('ListBucketResult', tag('IsTruncated', text(page.more)), next, ...contents, ...prefixes)
  return { status: 200, body }
}

function describeEntry(key: string, object: StoredObject | undefined): string[] {
  if (!object) return []
  return [
    tag('Key', text(key)),
    tag('LastModified', object.lastModified.toISOString()),
    tag('ETag', text(`"${object.etag}"`)),
    tag('Size', text(object.body.length)),
  ]
}

interface Position {
  after: string
  page: number
}
const encodeToken = (position: Position) => Buffer.from(JSON.stringify(position)).toString('base64url')
const decodeToken = (token: string): Position => JSON.parse(Buffer.from(token, 'base64url').toString())

function multipart({ bucket, uploads }: World, { method, key, query, body }: S3Request): S3Answer {
  if (method === 'POST' && query.has('uploads')) {
    const id = randomBytes(8).toString('hex')
    uploads.set(id, { key, startedAt: new Date(), parts: new Map() })
    return { status: 200, body: tag('InitiateMultipartUploadResult', tag('UploadId', id)) }
  }
  const id = query.get('uploadId') ?? ''
  const upload = uploads.get(id)
  if (upload?.key !== key) return failure(404, 'NoSuchUpload')
  if (method === 'PUT') {
    upload.parts.set(Number(query.get('partNumber')), body)
    return { status: 200, headers: { etag: `"${md5(body)}"` } }
  }
  if (method === 'GET') {
    const parts = [...upload.parts].map(([number, { length }]) => {
      return tag('Part', tag('PartNumber', text(number)), tag('Size', text(length)))
    })
    return { status: 200, body: tag('ListPartsResult', tag('IsTruncated', text(false)), ...parts) }
  }
  uploads.delete(id)
  if (method === 'DELETE') return { status: 204 }
  const numbers = textsOf('PartNumber', body.toString()).map(Number)
  const bodies = numbers.map(number => upload.parts.get(number) ?? Buffer.alloc(0))
  const { etag } = bucket.put(key, Buffer.concat(bodies), `${randomBytes(16).toString('hex')}-${bodies.length}`)
  return { status: 200, body: tag('CompleteMultipartUploadResult', tag('ETag', text(`"${etag}"`))) }
}

/** In pages of two, so that whoever reads but the first one shows. */
function listUploads({ uploads }: World, query: URLSearchParams): S3Answer {
  const after = query.get('upload-id-marker') ?? ''
  const matching = [...uploads].filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''))
  const rest = matching.slice(matching.findIndex(([id]) => id === after) + 1)
  const entries = rest.slice(0, 2).map(([id, { key, startedAt }]) => {
    return tag('Upload', tag('Key', text(key)), tag('UploadId', id), tag('Initiated', startedAt.toISOString()))
  })
  const [lastId = '', last] = rest[1] ?? []
  const next = last ? [tag('NextKeyMarker', text(last.key)), tag('NextUploadIdMarker', lastId)] : []
  const isCut = tag('IsTruncated', text(rest.length > 2))
  return { status: 200, body: tag('ListMultipartUploadsResult', isCut, ...next, ...entries) }
}
