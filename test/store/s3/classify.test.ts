// What each answer of S3, and each failure to get one, is taken for.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { classify, type Meaning, type Operation } from '../../../lib/store/s3/classify.ts'

/** An error as the SDK throws it when the store answered. */
const answered = (status: number, name: string) => {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } })
}
/** An error as the SDK throws it when no answer came. */
const unanswered = (name: string, details: { code?: string; syscall?: string } = {}) => {
  return Object.assign(new Error(name), { name, ...details, $metadata: { attempts: 1 } })
}

const conditional: Operation[] = ['create', 'swap']
const unconditional: Operation[] = ['get', 'list', 'delete', 'put']
const all = [...conditional, ...unconditional]

const table: Array<[what: string, error: unknown, operations: Operation[], meaning: Meaning]> = [
  ['404 NoSuchKey', answered(404, 'NoSuchKey'), ['get'], 'missing'],
  ['404 without a code', answered(404, 'NotFound'), ['get'], 'missing'],
  ['404 NoSuchKey', answered(404, 'NoSuchKey'), ['swap'], 'precondition'],
  ['404 NoSuchKey', answered(404, 'NoSuchKey'), ['create', 'put', 'list'], 'failed'],
  ['404 NoSuchBucket', answered(404, 'NoSuchBucket'), all, 'failed'],
  ['304', answered(304, '304'), ['get'], 'unchanged'],
  ['416', answered(416, 'InvalidRange'), ['get'], 'past-end'],

  ['412', answered(412, 'PreconditionFailed'), conditional, 'precondition'],
  ['409 ConditionalRequestConflict', answered(409, 'ConditionalRequestConflict'), conditional, 'precondition'],
  ['409 OperationAborted', answered(409, 'OperationAborted'), conditional, 'precondition'],
  ['409 of another kind', answered(409, 'InvalidBucketState'), conditional, 'failed'],

  ['500', answered(500, 'InternalError'), conditional, 'ambiguous'],
  ['502', answered(502, 'BadGateway'), conditional, 'ambiguous'],
  ['503 that is no SlowDown', answered(503, 'ServiceUnavailable'), conditional, 'ambiguous'],
  ['504', answered(504, 'GatewayTimeout'), conditional, 'ambiguous'],
  ['400 RequestTimeout', answered(400, 'RequestTimeout'), conditional, 'ambiguous'],
  ['200 that cannot be read', answered(200, 'SyntaxError'), conditional, 'ambiguous'],
  ['a reset connection', unanswered('TimeoutError', { code: 'ECONNRESET' }), conditional, 'ambiguous'],
  ['a broken pipe', unanswered('TimeoutError', { code: 'EPIPE' }), conditional, 'ambiguous'],
  ['silence', unanswered('TimeoutError'), conditional, 'ambiguous'],
  ['an abort on the way', unanswered('AbortError'), conditional, 'ambiguous'],
  ['an error nobody foresaw', unanswered('TypeError'), conditional, 'ambiguous'],
  ['a thrown string', 'boo', conditional, 'ambiguous'],
  ['500', answered(500, 'InternalError'), unconditional, 'failed'],
  ['a reset connection', unanswered('TimeoutError', { code: 'ECONNRESET' }), unconditional, 'failed'],
  ['an abort on the way', unanswered('AbortError'), unconditional, 'aborted'],

  ['a refused connection', unanswered('Error', { code: 'ECONNREFUSED' }), all, 'failed'],
  ['an unknown host', unanswered('Error', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }), all, 'failed'],
  ['no route', unanswered('Error', { code: 'EHOSTUNREACH', syscall: 'connect' }), all, 'failed'],
  ['no connection in time', unanswered('TimeoutError', { code: 'ETIMEDOUT', syscall: 'connect' }), all, 'failed'],
  ['501', answered(501, 'NotImplemented'), all, 'failed'],
  ['400', answered(400, 'InvalidArgument'), all, 'failed'],
  ['301', answered(301, 'PermanentRedirect'), all, 'failed'],

  ['503 SlowDown', answered(503, 'SlowDown'), all, 'throttled'],
  ['429', answered(429, 'UnknownError'), all, 'throttled'],
  ['a clock that is off', answered(403, 'RequestTimeTooSkewed'), all, 'skewed'],

  ['403', answered(403, 'AccessDenied'), all, 'denied'],
  ['403 without a code', answered(403, '403'), all, 'denied'],
  ['an unknown access key', answered(403, 'InvalidAccessKeyId'), all, 'denied'],
  ['a wrong secret', answered(403, 'SignatureDoesNotMatch'), all, 'denied'],
  ['an expired token', answered(400, 'ExpiredToken'), all, 'denied'],
  ['no credentials', unanswered('CredentialsProviderError'), all, 'denied'],
]

describe('the failure of a request', () => {
  for (const [what, error, operations, meaning] of table) {
    test(`${what}, of a ${operations.join(' or ')}: ${meaning}`, () => {
      for (const operation of operations) assert.equal(classify(error, operation), meaning, operation)
    })
  }
})
