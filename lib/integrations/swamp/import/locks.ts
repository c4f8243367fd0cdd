// Whether a swamp command is at work on a datastore: it holds a lock there, which it writes anew each third of its time to live. One that
// was not for all of that time is an orphan, as swamp judges too. Only the store's clock is asked.

import { concurrently } from '../../../concurrently.ts'
import type { ObjectStore } from '../../../store/object-store.ts'
import * as z from '../../../vendor/zod.ts'

const READS_AT_ONCE = 8
const MOST_BYTES = 64 * 1024
/** Both of the store's times may be cut to whole seconds. */
const CLOCK_GRAIN_MS = 1000
/** What swamp takes unless it is told another. */
const DEFAULT_TTL_MS = 30_000

const lockSchema = z.object({ ttlMs: z.number().positive().max(86_400_000) })

/** A lock on all of a datastore, or on one of its models. */
export const isLock = (path: string): boolean => path === '.datastore.lock' || path.endsWith('/.lock')

/** One on all of a namespace, which lies outside of it. Swamp's listings take it for a file. */
export const isNamespaceLock = (path: string): boolean => /^\.locks\/[^/]+\.lock$/.test(path)

/** Whether one of these is held. */
export async function isAnyHeld(store: ObjectStore, keys: Iterable<string>): Promise<boolean> {
  const held = await concurrently(keys, READS_AT_ONCE, async key => {
    const lock = await store.get(key, { range: { start: 0, end: MOST_BYTES - 1 } })
    return lock.status === 'found' && lock.serverTime - lock.lastModified - CLOCK_GRAIN_MS < ttlOf(lock.body)
  })
  return held.includes(true)
}

/** Of a lock that says none, or nothing that can be understood, the usual. */
function ttlOf(body: Uint8Array): number {
  try {
    return lockSchema.parse(JSON.parse(Buffer.from(body).toString())).ttlMs
  } catch {
    return DEFAULT_TTL_MS
  }
}
