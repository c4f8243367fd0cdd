// What swamp says of a lock that it wants, and which namespace's lock that is. Swamp's core writes the namespace into the key, in one
// of two ways; others pass it beside the key. All three mean the same lock.
import { createHash } from 'node:crypto'
import { InvalidArgumentError } from '../../errors.ts'
import * as z from '../../vendor/zod.ts'
import type { LockOptions } from './contract.ts'

export interface SwampLockOptions {
  readonly lockKey: string
  readonly leaseName: string
  readonly ttlMs: number
  readonly retryIntervalMs: number
  readonly maxWaitMs: number
  readonly namespace: string | undefined
}

const GLOBAL_LOCK = '.datastore.lock'
const SLUG = '[a-z0-9][a-z0-9-]*'
/** The global lock of a namespace. */
const NAMESPACE_LOCK = new RegExp(`^\\.locks/(?<namespace>${SLUG})\\.lock$`)
/** A model's lock in a namespace; without one it begins with `data/`. */
const MODEL_LOCK = new RegExp(`^(?<namespace>${SLUG})/(?<key>data/.+/\\.lock)$`)

const schema = z.object({
  lockKey: z.string().min(1).max(2_000).default(GLOBAL_LOCK),
  ttlMs: z.number().positive().max(86_400_000).default(30_000),
  retryIntervalMs: z.number().positive().max(3_600_000).default(1_000),
  maxWaitMs: z.union([z.number().nonnegative(), z.literal(Number.POSITIVE_INFINITY)]).default(60_000),
  namespace: z.string().optional(),
})

/** @throws InvalidArgumentError */
export function parseLockOptions(options: LockOptions = {}): SwampLockOptions {
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const name = issue?.path.join('.') || 'options'
    throw new InvalidArgumentError(name, issue?.message ?? 'is malformed', 'See LockOptions of swamp.')
  }
  const { lockKey } = parsed.data
  const said = split(lockKey)
  const namespace = parsed.data.namespace || said.namespace
  const key = said.namespace === undefined || said.namespace === namespace ? said.key : lockKey
  return { ...parsed.data, namespace, leaseName: leaseNameOf(key) }
}

function split(lockKey: string): { namespace: string | undefined; key: string } {
  const { namespace, key = GLOBAL_LOCK } = (NAMESPACE_LOCK.exec(lockKey) ?? MODEL_LOCK.exec(lockKey))?.groups ?? {}
  return namespace === undefined ? { namespace, key: lockKey } : { namespace, key }
}

/** Readable at its beginning, different for different keys, and a name that any store can keep. */
function leaseNameOf(lockKey: string): string {
  const readable = lockKey
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const hash = createHash('sha256').update(lockKey).digest('hex')
  return `lock.swamp.${readable.slice(0, 40)}.${hash.slice(0, 16)}`
}
