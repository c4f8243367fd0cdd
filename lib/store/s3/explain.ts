// Turns a failed S3 request into the error that a caller of ObjectStore handles, with the remedy in its message (G10).
// The SDK's error stays attached as the cause. It decides nothing: classify.ts says what a failure means.
import {
  AbortedError,
  AccessDeniedError,
  AmbiguousWrite,
  PreconditionFailed,
  RunletError,
  StoreError,
  ThrottledError,
} from '../../errors.ts'
import { classify, type Failure, failureOf, isUnsent, type Operation } from './classify.ts'
import type { S3Location } from './s3-url.ts'

/** What was asked of the store. */
export interface Request {
  readonly operation: Operation
  /** The key or prefix, as the caller named it. */
  readonly key: string
  readonly location: S3Location
  readonly signal?: AbortSignal | undefined
}

/** The error to throw when `request` failed with `error`. One of our own passes as it is. */
export function explain(error: unknown, request: Request): RunletError {
  if (error instanceof RunletError) return error
  const { operation, key } = request
  const failure = failureOf(error)
  const because = { cause: error }
  switch (classify(error, operation)) {
    case 'precondition':
      return new PreconditionFailed(key, because)
    case 'ambiguous':
      return new AmbiguousWrite(key, because)
    case 'throttled':
      return new ThrottledError(key, because)
    case 'aborted':
      return aborted(request)
    case 'denied':
      return new AccessDeniedError(operation, key, whyDenied(failure, operation), because)
    case 'skewed':
      return new StoreError(operation, key, "this machine's clock is too far from the store's; set it", because)
    default:
      return new StoreError(operation, key, whyFailed(failure, request.location), because)
  }
}

/** The error to throw when the signal of `request` ended it. */
export function aborted({ operation, key, signal }: Request): AbortedError {
  return new AbortedError(`${operation} "${key}"`, signal?.reason)
}

const DENIALS: Record<string, string> = {
  CredentialsProviderError: 'no credentials were found',
  InvalidAccessKeyId: 'the store does not know this access key',
  SignatureDoesNotMatch: 'the secret key does not belong to the access key',
  ExpiredToken: 'the session token has expired',
}

function whyDenied(failure: Failure, operation: Operation): string {
  const known = DENIALS[failure.name]
  if (known) return known
  const missing = operation === 'get' ? ' (S3 answers so for a missing key, too, unless s3:ListBucket is allowed)' : ''
  return `${quote(failure)}${missing}`
}

function whyFailed(failure: Failure, { bucket, endpoint = 'AWS' }: S3Location): string {
  if (isUnsent(failure)) return `${endpoint} cannot be reached: ${quote(failure)}`
  if (failure.name === 'NoSuchBucket') {
    return `the bucket "${bucket}" does not exist; make it first, for example with \`aws s3 mb s3://${bucket}\``
  }
  if (failure.status === 301 || failure.name === 'AuthorizationHeaderMalformed') {
    return `the bucket is in another region; name it with ?region=… in the store's URL: ${quote(failure)}`
  }
  if (failure.status === 501) return `the store does not implement this: ${quote(failure)}`
  return quote(failure)
}

/** The failure in the store's own words, on one line. The SDK says UnknownError when the store said nothing. */
function quote({ name, status, message }: Failure): string {
  const text = message.replace(/\s+/g, ' ').replace(/\.$/, '')
  const said = text && text !== name && text !== 'UnknownError' ? `: ${text}` : ''
  return `${name}${status === undefined ? '' : ` (${status})`}${said}`
}
