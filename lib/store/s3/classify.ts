// What a failed S3 request means to us: one pure function from the SDK's error and the operation to a word.
// The invariant: a conditional put is called `ambiguous` unless the failure proves that it had no effect (nothing was sent, or
// the store answered that it refused). Calling a possible success a lost race would make a writer lose to itself (G4, G5).
// It resolves nothing: who retries, reads back or gives up is decided by the callers.

/**
 * `create` and `swap` are the conditional puts: if absent, and if it still is a certain version. `uploads` lists what was begun in
 * parts and never finished, `abort` ends it.
 */
export type Operation = 'get' | 'list' | 'delete' | 'put' | 'create' | 'swap' | 'uploads' | 'abort'

export type Meaning =
  /** The key does not exist. */
  | 'missing'
  /** The object still is the version that the reader knows. */
  | 'unchanged'
  /** The object is not the version that the reader means. */
  | 'changed'
  /** The range begins past the object's end. */
  | 'past-end'
  /** The condition did not hold, or another writer was in the way: nothing was written. */
  | 'precondition'
  /** Nobody can say whether it was written. */
  | 'ambiguous'
  /** Asked to slow down: nothing was written. */
  | 'throttled'
  /** Refused because this machine's clock is off, which the SDK has now taken into account: nothing was written. */
  | 'skewed'
  /** Refused: who asks, or for what, is not allowed. */
  | 'denied'
  /** Ended by the caller's signal. */
  | 'aborted'
  /** Anything else, and nothing was written by a conditional put. */
  | 'failed'

/** What is known about a failure, whatever threw it. */
export interface Failure {
  /** The S3 error code, or the error's name when no answer came. */
  readonly name: string
  /** The HTTP status, when there was an answer. */
  readonly status?: number | undefined
  /** The system's error code, such as ECONNRESET. */
  readonly code?: string | undefined
  /** The system call that failed, such as connect. */
  readonly syscall?: string | undefined
  readonly message: string
}

const THROTTLED = new Set(['SlowDown', 'Throttling', 'ThrottlingException', 'RequestLimitExceeded', 'TooManyRequests'])
const SKEWED = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'])
const DENIED = new Set([
  'AccessDenied',
  'AllAccessDisabled',
  'AccountProblem',
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'TokenRefreshRequired',
])
const LOST_RACE = new Set(['ConditionalRequestConflict', 'OperationAborted', 'ConcurrentModification'])
const NOTHING_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

/** Reads a failure out of whatever was thrown. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'UnknownError', message: String(error) }
  const { $metadata, code, syscall } = error as Error & {
    $metadata?: { httpStatusCode?: number }
    code?: string
    syscall?: string
  }
  return { name: error.name, status: $metadata?.httpStatusCode, code, syscall, message: error.message }
}

/** Whether the failure proves that no byte of the request left this machine. */
export function isUnsent({ code, syscall, name }: Failure): boolean {
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') return true
  return syscall === 'connect' || syscall === 'getaddrinfo' || NOTHING_SENT.has(code ?? '')
}

/** Says what the failure of `operation` means. */
export function classify(error: unknown, operation: Operation): Meaning {
  const failure = failureOf(error)
  const { name, status } = failure
  if (status === undefined) return withoutAnswer(failure, operation)
  if (THROTTLED.has(name) || status === 429) return 'throttled'
  if (SKEWED.has(name)) return 'skewed'
  if (DENIED.has(name) || status === 401 || status === 403) return 'denied'
  if (operation === 'get') return answerToGet(failure)
  if (operation === 'create' || operation === 'swap') return answerToCondition(failure, operation)
  return 'failed'
}

function withoutAnswer(failure: Failure, operation: Operation): Meaning {
  if (DENIED.has(failure.name)) return 'denied'
  if (isUnsent(failure)) return 'failed'
  if (operation === 'create' || operation === 'swap') return 'ambiguous'
  return failure.name === 'AbortError' ? 'aborted' : 'failed'
}

function answerToGet({ name, status }: Failure): Meaning {
  if (status === 304) return 'unchanged'
  if (status === 412) return 'changed'
  if (status === 416) return 'past-end'
  return status === 404 && name !== 'NoSuchBucket' ? 'missing' : 'failed'
}

function answerToCondition({ name, status = 0 }: Failure, operation: 'create' | 'swap'): Meaning {
  if (status === 412 || (status === 409 && LOST_RACE.has(name))) return 'precondition'
  if (status === 404 && name === 'NoSuchKey' && operation === 'swap') return 'precondition'
  if (status === 501) return 'failed' // this store knows no conditions, so it did nothing
  const refused = status >= 300 && status < 500 && name !== 'RequestTimeout'
  return refused ? 'failed' : 'ambiguous'
}
