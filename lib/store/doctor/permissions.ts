// Permissions: says which are missing, from what was refused while the other properties were tried.
import { AccessDeniedError } from '../../errors.ts'
import type { ObjectStore } from '../object-store.ts'
import { type Finding, fails, holds } from './probe.ts'

const ACTIONS: Record<string, string> = {
  get: 's3:GetObject (and s3:ListBucket: without it S3 refuses to say that a key is missing)',
  list: 's3:ListBucket',
  put: 's3:PutObject',
  create: 's3:PutObject',
  swap: 's3:PutObject',
  delete: 's3:DeleteObject',
}

const BAD_CREDENTIALS = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'TokenRefreshRequired',
])

/** Whether it is the credentials themselves that are refused: then so will be everything else. */
export function isBadCredentials(error: unknown): boolean {
  if (!(error instanceof AccessDeniedError)) return false
  return error.cause instanceof Error && BAD_CREDENTIALS.has(error.cause.name)
}

/** `denials`: what was refused. */
export function judgePermissions(store: ObjectStore, denials: readonly AccessDeniedError[]): Finding {
  const [first] = denials
  if (!first) return holds('nothing was refused')
  const operations = [...new Set(denials.map(denial => denial.operation))]
  const detail = `${operations.join(', ')} ${operations.length === 1 ? 'was' : 'were'} refused: ${first.message}`
  if (isBadCredentials(first)) {
    return fails(detail, 'Correct the credentials (the standard AWS chain: AWS_PROFILE, AWS_ACCESS_KEY_ID, …)')
  }
  if (store.kind !== 's3') return fails(detail, `Give this user the right to read and write ${store.url}`)
  const missing = [...new Set(operations.map(operation => ACTIONS[operation] ?? operation))]
  return fails(detail, `Allow ${missing.join(', ')} for ${store.url} in the user's or the bucket's policy`)
}
