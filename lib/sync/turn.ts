// One operation on a working copy: what it works with while it has its turn. Two processes that use the same copy at once take
// turns; the turn of a dead one runs out, and who begins finishes what it left.
import { AbortedError, CopyMismatchError, LeaseLostError } from '../errors.ts'
import type { LeaseCell } from '../lease/leases.ts'
import type { Signing } from '../namespace/committer.ts'
import { type OpenNamespace, openNamespace } from '../namespace/namespace.ts'
import { type CopyHeader, CopyState } from './copy-state.ts'
import { same } from './decide.ts'
import { LocalFiles } from './local-files.ts'
import { finishPush, forgetPush } from './pushing.ts'
import { aheadAt } from './reached.ts'
import type { ScanMeans } from './scan.ts'
import { proving } from './stat.ts'

const TURN_TTL_MS = 20_000

/** A working copy: a directory, and what it is a copy of. */
export interface Copy {
  readonly namespace: OpenNamespace
  readonly signing: Signing
  readonly directory: string
  readonly prefix: string
  /** Whether a path is synchronised. What lies in a folder that is not, is not either. */
  readonly includes: (path: string) => boolean
  /** Whether the directory's own stands where both sides changed a path. */
  readonly derived: (path: string) => boolean
  readonly turns: LeaseCell
}

export interface Turn extends Copy, ScanMeans {
  /** Aborts when the turn is lost: this process slept too long, and another one may be at work. */
  readonly held: AbortSignal
  /** The caller's, to end the operation early. */
  readonly signal: AbortSignal | undefined
}

/** Waits for the copy's turn and works in it. @throws AbortedError when the signal aborts before the work is done */
export async function inTurn<T>(copy: Copy, work: (turn: Turn) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const { directory, namespace, signing } = copy
  const { ambient } = namespace
  const lease = await copy.turns.acquire({
    ttlMs: TURN_TTL_MS,
    waitMs: Number.POSITIVE_INFINITY,
    label: signing.author,
    signal,
  })
  try {
    const [files, state] = [new LocalFiles(directory, ambient), new CopyState(directory, ambient)]
    const turn: Turn = { ...copy, files, state, ambient, held: lease.signal, signal }
    await recover(turn)
    return await work(turn)
  } finally {
    await lease.release()
  }
}

/** Ends the operation before it touches the directory without having its turn, or goes on though it was ended. */
export function assertTurn({ held, signal }: Turn): void {
  if (held.aborted) throw new LeaseLostError('turn')
  if (signal?.aborted) throw new AbortedError('the work on a copy', signal.reason)
}

/**
 * Finds out which steps of an operation that was cut short were done: where the directory has what was intended, copy and namespace
 * had that in common. Without it a file that was written looks as if somebody had edited it here.
 */
export async function recover({ files, state }: Turn): Promise<void> {
  const entries = await state.intended()
  const paths = entries.map(({ path }) => path)
  for (const { path, side } of entries) {
    const stat = await files.stat(path)
    const local = stat && (await files.side(path, stat))
    if (!same(local, side)) continue
    if (stat && local) await state.set({ path, ...local, stat: proving(stat, await files.startedAt()) })
    else await state.delete(path)
  }
  await state.flush()
  if (entries.length > 0) await files.removeStaged()
  const header = await state.header()
  // It may be that some is remembered of a newer head, and that the head was not written any more.
  if (header && entries.length > 0) await state.writeHeader(aheadAt(header, paths))
  await state.conclude()
}

/** What the copy remembers as a whole. @throws CopyMismatchError when the directory is a copy of something else */
export async function headerOf(copy: Copy, state: CopyState): Promise<CopyHeader> {
  const { name: namespace, store } = copy.namespace
  const header = await state.header()
  if (!header) return { format: 1, store: store.url, namespace, prefix: copy.prefix, conflicts: new Map() }
  const [found, asked] = [header, { namespace, prefix: copy.prefix }].map(
    one => `"${one.namespace}" (prefix "${one.prefix}")`,
  )
  if (found !== asked) {
    const [foundIn, askedIn] = header.store === store.url ? ['', ''] : [` in ${header.store}`, ` in ${store.url}`]
    throw new CopyMismatchError(copy.directory, `${found}${foundIn}`, `${asked}${askedIn}`)
  }
  return header
}

/**
 * Makes a copy of another namespace one of this. What the directory has in common with the other one stays the base for comparing
 * three ways; no head is remembered, so the next pull looks at every path. Safe to be cut short: one of the names is on the header.
 */
export function rebind(copy: Copy): Promise<void> {
  return inTurn(copy, async turn => {
    const { state } = turn
    const { name: namespace, store } = turn.namespace
    const header = await state.header()
    if (!header || header.namespace === namespace) return
    if (header.store !== store.url || header.prefix !== copy.prefix) return // refused as any other mismatch is
    // What a push left unfinished can only be found out of the namespace that it was made to.
    await finishPush({ ...turn, namespace: openNamespace(store, header.namespace, turn.ambient) })
    const unknown = { head: undefined, etag: undefined, reached: undefined, ahead: undefined }
    await state.writeHeader({ ...header, ...unknown, namespace })
    await forgetPush(turn)
  })
}
