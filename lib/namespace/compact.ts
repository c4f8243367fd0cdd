// Compaction: keeps the number of layers and the size of the head bounded. It merges neighbouring layers into one that says the
// same, beside writers: they only add layers, so a swap that replaces the merged ones by their sum disturbs nobody, and loses
// nothing when it is killed. Which layers to merge is decided in compaction-plan.ts.
// What a merge drops, and what it made in vain, is the sweep's to find (run/sweep).
import { AbortedError, LeaseLostError } from '../errors.ts'
import type { Lease } from '../lease/lease.ts'
import { isTooOld, momentOf } from '../store/grace.ts'
import { type Meter, metered } from '../store/metered-store.ts'
import {
  MAX_TAIL_BYTES,
  planAll,
  planMerge,
  planNodes,
  planOverflow,
  planRoom,
  planTail,
  rowsIn,
  type Span,
  WARM_TAIL_BYTES,
} from './compaction-plan.ts'
import type { NamespaceContext, Replacement } from './context.ts'
import type { Head, Layer, NewHead } from './head.ts'
import { boundHistory, isLong, prepareHistory } from './history.ts'
import { merge, mergeLayers } from './merge-layers.ts'

export const COMPACTION_LEASE = 'compact'
const COMPACTION_TTL_MS = 30_000
/** Long enough for the lease of one that was killed to run out. */
const COMPACTION_WAIT_MS = 4 * COMPACTION_TTL_MS
const MAX_PASSES = 8
/** Of how many rows a merge in the background may be, of a command that somebody waits for. */
export const BRIEF_MERGE_ROWS = 8 * 1024

/** What a compaction did, and what it cost in requests and bytes. */
export interface CompactionResult extends Readonly<Meter> {
  /** How many layers were merged, 0 when there was nothing to do. */
  readonly merged: number
}

/** How a compaction goes. */
export interface CompactOptions {
  /** Ends it; what it has reached stands. */
  readonly signal?: AbortSignal | undefined
  /** Told of the merge under way: how many of the rows that are to come down are done. */
  readonly onProgress?: ((done: number, rows: number) => void) | undefined
}

/** Upkeep in the background: merges layers while that is worth it, of about `maxRows` rows at a time, unless somebody is at it. */
export async function compactSome(context: NamespaceContext, maxRows: number): Promise<void> {
  await context.courtesy.led()
  // Who leads has many changes to swap in, and maintains afterwards.
  if (!context.merge.available(await context.merge.inspect())) return
  const attempt = await context.compaction.tryAcquire({ ttlMs: COMPACTION_TTL_MS, label: 'compaction' })
  if ('busy' in attempt) return
  const { lease } = attempt
  const isClosing = () => context.background.closing.signal.aborted
  const plan = (layers: readonly Layer[]) => planSome(context, layers, maxRows)
  await underLease(lease, () => mergeAll(context, plan, { lease, isClosing, maxRewritten: maxRows }))
}

/** What upkeep would merge of these layers. */
export const planSome = (context: NamespaceContext, layers: readonly Layer[], maxRows: number): Span | undefined =>
  planMerge(layers, maxRows, aShard(context))

/**
 * Brings down everything that is worth it, and waits for its turn if somebody else is at it.
 * @throws LockTimeoutError, LeaseLostError, AbortedError; what was reached stands
 */
export async function compact(context: NamespaceContext, options: CompactOptions = {}): Promise<CompactionResult> {
  const { signal } = options
  const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
  const merged = await metered(meter, async () => {
    const about = { ttlMs: COMPACTION_TTL_MS, waitMs: COMPACTION_WAIT_MS, label: 'compaction', signal }
    const lease = await context.compaction.acquire(about)
    const plan = (layers: readonly Layer[]) => planAll(layers, aShard(context))
    return underLease(lease, () => mergeAll(context, plan, { ...options, lease, deletesNow: true }))
  })
  return { merged, ...meter }
}

async function underLease<T>(lease: Lease, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    await lease.release()
  }
}

/** Merges all that `plan` finds worth it, and moves old commit records out of the head. Resolves to how many layers were merged. */
async function mergeAll(context: NamespaceContext, plan: Plan, options: MergeSpanOptions): Promise<number> {
  let merged = 0
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const head = (await context.head.refresh()).value
    const span = plan(head.layers)
    if (!span || options.isClosing?.()) break
    if (!(await mergeSpan(context, head, span, options))) continue // somebody moved the tail
    merged += span.to - span.from + 1
    // What has come meanwhile is for the next compaction, or this one would never end.
    if (span.from === 0 && !head.layers[span.to + 1]) break
  }
  const { value } = await context.head.current()
  if (isLong(value)) await shortenHistory(context, value)
  return merged
}

type Plan = (layers: readonly Layer[]) => Span | undefined

interface MergeSpanOptions extends CompactOptions {
  readonly lease: Lease
  /** Whether somebody waits for this to end. */
  readonly isClosing?: (() => boolean) | undefined
  readonly maxRewritten?: number | undefined
  readonly deletesNow?: boolean
}

/**
 * Resolves to whether the merge was still good when it was done. When the store is being closed, one of few rows goes no further down, and
 * what it has reached stands: far from the store every short process would else begin it in vain. A longer one is given up.
 */
async function mergeSpan(
  context: NamespaceContext,
  head: Head,
  span: Span,
  { lease, signal, isClosing = () => false, onProgress, maxRewritten, deletesNow = false }: MergeSpanOptions,
): Promise<boolean> {
  const layers = head.layers.slice(span.from, span.to + 1)
  const rows = rowsIn(head.layers, span)
  const newer = rows - rowsIn(layers, BOTTOM)
  const began = momentOf(context.ambient)
  const sum = await merge(context, layers, {
    complete: span.from === 0 && !head.base,
    mayWait: span.from === 0 && rows > aShard(context),
    maxRewritten,
    deletesNow,
    onRows: onProgress && (done => onProgress(done, newer)),
    isEnough: isClosing,
    check: () => {
      if (signal?.aborted) throw new AbortedError('the compaction', signal.reason)
      if (newer > BRIEF_MERGE_ROWS && isClosing()) throw new AbortedError('the compaction', 'the store is being closed')
      if (lease.signal.aborted) throw new LeaseLostError(`${context.name}:${COMPACTION_LEASE}`)
    },
  })
  let stands = false
  await context.head.update(async current => {
    lease.assertHeld()
    const next = replaced(context, current, { life: head.createdAt, began, layers, sum })
    stands = next !== undefined
    return next && boundHistory(await fitted(context, next), context)
  })
  return stands
}

/** How many rows go into one shard: of fewer, none need to wait. */
const aShard = (context: NamespaceContext): number => context.index.bounds.maxRows

const BOTTOM = { from: 0, to: 0 }

async function shortenHistory(context: NamespaceContext, head: Head): Promise<void> {
  const prepared = await prepareHistory(head, context)
  await context.head.update(async current => {
    const next = await boundHistory(current, context, { prepared })
    return next === current ? undefined : next
  })
}

/** Keeps a head that is about to be swapped in small: part of the commit that would overflow it. */
export async function boundLayers(context: NamespaceContext, head: NewHead): Promise<NewHead> {
  const prepared = context.prepared.tail
  let next = (prepared && replaced(context, head, prepared)) || head
  for (const span of planTail(next.layers, MAX_TAIL_BYTES)) next = await mergedSpan(context, next, span)
  const overflow = planOverflow(next.layers)
  return fitted(context, overflow ? await mergedSpan(context, next, overflow) : next)
}

/** The head with layers that take no more of it than they may: long lists of references become nodes, and only then rows are moved. */
async function fitted<T extends NewHead | Head>(context: NamespaceContext, head: T): Promise<T> {
  let next = await withNodes(context, head)
  for (let span = planRoom(next.layers); span; span = planRoom(next.layers))
    next = await withNodes(context, await mergedSpan(context, next, span))
  return next
}

async function withNodes<T extends NewHead | Head>(context: NamespaceContext, head: T): Promise<T> {
  const wide = planNodes(head.layers)
  if (wide.size === 0) return head
  const layers = head.layers.map(async layer =>
    wide.has(layer) ? { ...layer, files: await context.index.underOne(context.name, layer.files ?? []) } : layer,
  )
  return { ...head, layers: await Promise.all(layers) }
}

/** Writes ahead of need what the next commit can take up, so that it takes no more than its swap. */
export async function prepare(context: NamespaceContext): Promise<void> {
  const head = context.head.known?.value
  if (!head) return
  const [history] = await Promise.all([prepareHistory(head, context), prepareTail(context, head)])
  context.prepared.history = history
}

async function prepareTail(context: NamespaceContext, head: Head): Promise<void> {
  const [newest] = planTail(head.layers, WARM_TAIL_BYTES)
  if (!newest) return
  const layers = head.layers.slice(newest.from, newest.to + 1)
  const began = momentOf(context.ambient)
  const sum = await mergeLayers(context, layers, { complete: false })
  context.prepared.tail = { life: head.createdAt, began, layers, sum: [sum] }
}

async function mergedSpan<T extends NewHead | Head>(context: NamespaceContext, head: T, span: Span): Promise<T> {
  const layers = head.layers.slice(span.from, span.to + 1)
  const sum = await mergeLayers(context, layers, { complete: false })
  return { ...head, layers: head.layers.toSpliced(span.from, layers.length, sum) }
}

/** The head with the sum in place of the layers; undefined when they no longer stand there together, or the sum may have been swept. */
function replaced<T extends NewHead | Head>(
  context: NamespaceContext,
  head: T,
  { life, began, layers, sum }: Replacement,
): T | undefined {
  if (head.createdAt !== life || isTooOld(began, context)) return undefined
  const [first] = layers
  const start = first ? head.layers.findIndex(layer => sameLayer(layer, first)) : -1
  if (start === -1) return undefined
  const together = layers.every((layer, i) => {
    const standing = head.layers[start + i]
    return standing !== undefined && sameLayer(standing, layer)
  })
  if (!together) return undefined
  return { ...head, layers: head.layers.toSpliced(start, layers.length, ...sum) }
}

/** Layers are immutable: the same commits in the same place are the same layer. */
function sameLayer(a: Layer, b: Layer): boolean {
  if (a.from !== b.from || a.to !== b.to) return false
  if (a.files || b.files) {
    return a.files?.length === b.files?.length && Boolean(a.files?.every((file, i) => file.id === b.files?.[i]?.id))
  }
  return a.rows?.[0]?.path === b.rows?.[0]?.path && a.rows?.length === b.rows?.length
}
