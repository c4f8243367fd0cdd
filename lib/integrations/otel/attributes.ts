// The attributes of spans and metrics: those of OpenTelemetry's semantic conventions where they have one, else `runlet.…`.
// Metrics are kept by every combination of values for ever: only what has few values may be an attribute of one. Keys, authors, run
// ids, and names that users chose for locks are for spans alone.
import type { Attributes } from '@opentelemetry/api'
import type { EventOutcome, RequestEvent } from '../../events.ts'
import { parseS3Url } from '../../store/s3/s3-url.ts'

/** `error.type`, when there was an error. */
export const failureOf = (outcome: EventOutcome): Attributes => (outcome === 'ok' ? {} : { 'error.type': outcome })

/** `s3`, `file` or `memory`. */
export const kindOfStore = (url: string): string => url.slice(0, url.indexOf(':'))

/** The namespace at the top: those below it are runs. */
export const rootOf = (namespace: string): string => namespace.split('/', 1)[0] ?? ''

/** What a lease is for: `merge`, `owner`, `compact`, `lock` or `working copy`. */
export function kindOfLease(lease: string): string {
  if (lease.startsWith('lock.')) return 'lock'
  return lease.startsWith('working copy') ? 'working copy' : lease
}

/** Which object of which bucket a request was about. */
export function whereabouts({ store, key, operation }: RequestEvent): Attributes {
  const kind = kindOfStore(store)
  const common = { 'runlet.store': kind, 'runlet.key': key }
  if (kind !== 's3') return common
  const { bucket, prefix, endpoint, region } = parseS3Url(store)
  const host = endpoint === undefined ? undefined : new URL(endpoint)
  return {
    ...common,
    'aws.s3.bucket': bucket,
    ...(operation !== 'list' && { 'aws.s3.key': prefix === '' ? key : `${prefix}/${key}` }),
    ...(host && { 'server.address': host.hostname }),
    ...(host?.port && { 'server.port': Number(host.port) }),
    ...(region && { 'cloud.region': region }),
  }
}
