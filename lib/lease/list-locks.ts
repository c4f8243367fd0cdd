// Who holds which lease of a namespace: for `runlet locks`.
import type { Ambient } from '../ambient.ts'
import { concurrently } from '../concurrently.ts'
import { CorruptObjectError, FormatVersionError } from '../errors.ts'
import { type ObjectStore, REQUESTS_AT_ONCE } from '../store/object-store.ts'
import { LeaseCell } from './leases.ts'
import type { Holder, Holding } from './record.ts'

/** A lease of a namespace: `merge`, `compact`, or a lock of yours, as `lock.<name>`. */
export interface LockInfo {
  /** Its name. */
  readonly name: string
  /** Who holds it. Undefined while nobody holds it. */
  readonly holder: Holder | undefined
  /** Whether the holder let it run out. */
  readonly expired: boolean
  /** The fencing token of the last holder. */
  readonly token: number
  /** How long it outlives its holder, in milliseconds. */
  readonly ttlMs: number
  /** When it was acquired, by the holder's clock. */
  readonly acquiredAt: Date
  /** How long its holder had waited for it, in milliseconds. */
  readonly waitedMs: number
  /** Of a lease that cannot be read: why. */
  readonly problem?: string
  /** The holding before this one; undefined when there was none. */
  readonly last: { readonly label: string; readonly heldMs: number; readonly waitedMs: number } | undefined
  /** The last holdings that were over, newest first: eight at most. */
  readonly held: readonly Holding[]
}

/** All leases below `prefix`, in order of their names. */
export async function listLocks(store: ObjectStore, prefix: string, ambient: Ambient): Promise<LockInfo[]> {
  const names: string[] = []
  for await (const entry of store.list({ prefix }))
    if (entry.kind === 'object') names.push(entry.key.slice(prefix.length))
  const locks = await concurrently(names, REQUESTS_AT_ONCE, name =>
    lockInfo(new LeaseCell(store, prefix + name, name, ambient)),
  )
  return locks.filter(({ token, problem }) => token > 0 || problem !== undefined)
}

/** One broken lease must not hide the others. */
export async function lockInfo(cell: LeaseCell): Promise<LockInfo> {
  try {
    return await read(cell)
  } catch (error) {
    if (!(error instanceof CorruptObjectError || error instanceof FormatVersionError)) throw error
    return { ...neverHeld(cell), problem: error.message }
  }
}

const neverHeld = ({ name }: LeaseCell): LockInfo => ({
  name,
  holder: undefined,
  expired: false,
  token: 0,
  ttlMs: 0,
  acquiredAt: new Date(0),
  waitedMs: 0,
  last: undefined,
  held: [],
})

async function read(cell: LeaseCell): Promise<LockInfo> {
  const version = await cell.inspect()
  if (!version) return neverHeld(cell)
  const { name, holder, token, ttlMs, acquiredAt, waitedMs, last, held = [] } = version.value
  return {
    name,
    holder: holder ?? undefined,
    expired: holder !== null && cell.available(version),
    token,
    ttlMs,
    acquiredAt: new Date(acquiredAt),
    waitedMs,
    last,
    held,
  }
}
