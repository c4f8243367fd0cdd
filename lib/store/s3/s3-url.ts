// The URL of an S3 store: s3://bucket/prefix?endpoint=…&region=…&pathStyle=true&etag=plain&timeoutMs=30000
// Parsing is pure and total: what it lets through names one bucket and prefix without doubt, and what it refuses is refused
// with the parameter and the reason (G10). A URL never holds a secret, and an error never repeats one that stood there.

import { InvalidStoreUrlError } from '../../errors.ts'
import * as z from '../../vendor/zod.ts'

export interface S3Location {
  readonly bucket: string
  /** Segments joined by '/', without a slash at either end; empty for the whole bucket. */
  readonly prefix: string
  /** Where the store answers; absent for AWS itself. */
  readonly endpoint?: string | undefined
  /** Default: us-east-1 when there is an endpoint, else what the AWS configuration says. */
  readonly region?: string | undefined
  /** The bucket in the path instead of in the host name. Default: true when there is an endpoint. */
  readonly pathStyle: boolean
  /** How an ETag is sent back in a condition. Default: plain, without quotes (Ceph compares it literally). */
  readonly etag: 'plain' | 'quoted'
  /** How long a connection may be silent before the request on it counts as lost, from 100 to 600,000. Default: 30,000. */
  readonly timeoutMs: number
}

const TIMEOUT_MS = 30_000

const SHAPE = /^s3:\/\/(?<authority>[^/?#]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?(?<fragment>#.*)?$/
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{2,62}$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

const Parameters = z.strictObject({
  endpoint: z.string().superRefine(checkEndpoint).transform(withoutTrailingSlash).optional(),
  region: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'is not the name of a region')
    .optional(),
  pathStyle: z.enum(['true', 'false'], 'must be true or false').optional(),
  etag: z.enum(['plain', 'quoted'], 'must be plain or quoted').optional(),
  timeoutMs: z
    .string()
    .regex(/^[1-9]\d*$/, 'is no number of milliseconds')
    .transform(Number)
    .refine(ms => ms >= 100 && ms <= 600_000, 'must be 100 to 600000')
    .optional(),
})
const KNOWN = Object.keys(Parameters.shape)

/** Parses an S3 store's URL. @throws InvalidStoreUrlError */
export function parseS3Url(text: string): S3Location {
  const refuse = (problem: string): never => {
    throw new InvalidStoreUrlError(redact(text), problem)
  }
  const parts = SHAPE.exec(text)?.groups ?? refuse('does not start with s3://bucket')
  const bucket = parts.authority ?? ''
  if (bucket.includes('@')) refuse('has a user name or password; credentials come from the standard AWS chain only')
  if (!text.isWellFormed()) refuse('is not well-formed Unicode')
  if (bucket === '') refuse('names no bucket')
  if (!BUCKET.test(bucket)) refuse(`has a malformed bucket name ${JSON.stringify(bucket)}`)
  if (parts.fragment) refuse('has a fragment ("#…"); write "%23" if it belongs to the prefix')
  const prefix = parsePrefix(parts.path ?? '', refuse)
  const { endpoint, region, pathStyle, etag, timeoutMs } = parseParameters(parts.query ?? '', refuse)
  return {
    bucket,
    prefix,
    endpoint,
    region,
    pathStyle: pathStyle === undefined ? endpoint !== undefined : pathStyle === 'true',
    etag: etag ?? 'plain',
    timeoutMs: timeoutMs ?? TIMEOUT_MS,
  }
}

/** Whether both answer at the same place: then the server can copy between them, and both mean the same by a bucket's name. */
export const isSameService = (a: S3Location, b: S3Location): boolean =>
  a.endpoint === b.endpoint &&
  (a.endpoint !== undefined || a.region === undefined || b.region === undefined || a.region === b.region)

/** The URL that opens this location again. */
export function formatS3Url({ bucket, prefix, endpoint, region, pathStyle, etag, timeoutMs }: S3Location): string {
  const path = prefix.split('/').map(encodeURIComponent).join('/')
  const query = [
    endpoint !== undefined && `endpoint=${endpoint}`,
    region !== undefined && `region=${region}`,
    pathStyle !== (endpoint !== undefined) && `pathStyle=${pathStyle}`,
    etag !== 'plain' && `etag=${etag}`,
    timeoutMs !== TIMEOUT_MS && `timeoutMs=${timeoutMs}`,
  ].filter(parameter => parameter !== false)
  return `s3://${bucket}${path && `/${path}`}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

function parsePrefix(path: string, refuse: (problem: string) => never): string {
  if (path === '') return ''
  const segments = withoutTrailingSlash(path)
    .split('/')
    .map(segment => decode(segment) ?? refuse('has a malformed %-escape in its prefix'))
  const bad = segments.find(
    segment => ['', '.', '..'].includes(segment) || segment.includes('/') || CONTROL.test(segment),
  )
  if (bad !== undefined) refuse(`has a prefix with the segment ${JSON.stringify(bad)}`)
  return segments.join('/')
}

function parseParameters(query: string, refuse: (problem: string) => never) {
  const pairs = [...new URLSearchParams(query)]
  const twice = pairs.find(([name], index) => pairs.findIndex(pair => pair[0] === name) !== index)
  if (twice) refuse(`has the parameter "${twice[0]}" twice`)
  const result = Parameters.safeParse(Object.fromEntries(pairs))
  if (result.success) return result.data
  const issue = result.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    return refuse(`has the unknown parameter "${issue.keys[0]}"; known are ${KNOWN.join(', ')}`)
  }
  return refuse(`has a malformed parameter: ${String(issue?.path[0])} ${issue?.message}`)
}

function checkEndpoint(text: string, context: z.RefinementCtx<string>): void {
  const problem = problemOfEndpoint(text)
  if (problem) context.addIssue({ code: 'custom', message: problem })
}

function problemOfEndpoint(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL'
  const url = new URL(text)
  if (!['http:', 'https:'].includes(url.protocol)) return 'must start with http:// or https://'
  if (url.username || url.password)
    return 'has a user name or password; credentials come from the standard AWS chain only'
  if (url.search || url.hash || /[?#&]/.test(text)) return 'has a query or a fragment'
  return undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // malformed; the caller says where
  }
}

function withoutTrailingSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text
}

/** What of a refused URL may be shown: no user info, and no value of a parameter that is not one of ours. */
function redact(text: string): string {
  const [address = '', ...rest] = text.split('?')
  const shown = address.replace(/\/\/[^/]*@/, '//***@')
  if (rest.length === 0) return shown
  const parameters = rest.join('?').split('&')
  return `${shown}?${parameters.map(redactParameter).join('&')}`
}

function redactParameter(parameter: string): string {
  const [name = '', value] = parameter.split(/=(.*)/s)
  if (value === undefined) return name
  return KNOWN.includes(name) && !/@|%40/.test(value) ? parameter : `${name}=***`
}
