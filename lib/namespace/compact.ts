// Compaction: keeps the number of layers and the size of the head bounded. It merges neighbouring layers into one that says the
// same, beside writers: they only add layers, so a swap that replaces the merged ones by their sum disturbs nobody, and loses
// nothing when it is killed. Which layers to merge is decided in compaction-plan.ts.
// What a merge drops and makes is listed under `garbage/` before the swap; the sweep looks there, not at everything.
import { putImmutable } from '../store/immutable.ts'
import { encodeJson, FORMAT } from '../store/json-object.ts'
import {
  MAX_TAIL_BYTES,
  planAll,
  planMerge,
  planOverflow,
  planTail,
  type Span,
  WARM_TAIL_BYTES,
} from './compaction-plan.ts'
import type { NamespaceContext } from './context.ts'
import type { Head, IndexRef, Layer, NewHead } from './head.ts'
import { boundHistory, isLong, prepareHistory } from './history.ts'
import { garbageKey } from './keys.ts'
import { mergeLayers } from './merge-layers.ts'
import { newId } from './object-id.ts'

export const COMPACTION_LEASE = 'compact'
const COMPACTION_TTL_MS = 30_000
const MAX_PASSES = 8

export interface CompactionResult {
  /** How many layers became one, 0 when there was nothing to do. */
  readonly merged: number
}

/**
 * Merges layers until the plan finds nothing more worth it; `everything` makes one layer of all of them. One process at a time:
 * who finds another one at it leaves it alone.
 */
export async function compact(
  context: NamespaceContext,
  extent: 'worthwhile' | 'everything',
): Promise<CompactionResult> {
  // Who leads has many changes to swap in, and maintains afterwards.
  if (!context.merge.available(await context.merge.inspect())) return { merged: 0 }
  const attempt = await context.compaction.tryAcquire({ ttlMs: COMPACTION_TTL_MS, label: 'compaction' })
  if ('busy' in attempt) return { merged: 0 }
  try {
    return await mergeWhile(context, extent === 'everything' ? planAll : planMerge)
  } finally {
    await attempt.lease.release()
  }
}

async function mergeWhile(
  context: NamespaceContext,
  plan: (layers: readonly Layer[]) => Span | undefined,
): Promise<CompactionResult> {
  let merged = 0
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const head = (await context.head.refresh()).value
    const span = plan(head.layers)
    if (!span) {
      if (isLong(head)) await shortenHistory(context, head)
      break
    }
    const layers = head.layers.slice(span.from, span.to + 1)
    const sum = await mergeLayers(context, layers, { complete: span.from === 0 && !head.base })
    await listGarbage(context, head.seq, layers, sum)
    await context.head.exclusively(() =>
      context.head.update(async current => {
        const next = replaced(current, layers, sum)
        return next && boundHistory(next, context)
      }),
    )
    merged += layers.length
  }
  return { merged }
}

async function shortenHistory(context: NamespaceContext, head: Head): Promise<void> {
  const prepared = await prepareHistory(head, context)
  await context.head.exclusively(() =>
    context.head.update(async current => {
      const next = await boundHistory(current, context, { prepared })
      return next === current ? undefined : next
    }),
  )
}

/** Keeps a head that is about to be swapped in small: part of the commit that would overflow it. */
export async function boundLayers(context: NamespaceContext, head: NewHead): Promise<NewHead> {
  const { layers: ready, sum: prepared } = context.prepared.tail ?? {}
  let next = (ready && prepared && replaced(head, ready, prepared)) || head
  for (const span of planTail(next.layers, MAX_TAIL_BYTES)) next = await mergedSpan(context, next, span)
  const overflow = planOverflow(next.layers)
  return overflow ? mergedSpan(context, next, overflow) : next
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
  context.prepared.tail = { layers, sum: await mergeLayers(context, layers, { complete: false }) }
}

async function mergedSpan(context: NamespaceContext, head: NewHead, span: Span): Promise<NewHead> {
  const layers = head.layers.slice(span.from, span.to + 1)
  const sum = await mergeLayers(context, layers, { complete: false })
  return { ...head, layers: head.layers.toSpliced(span.from, layers.length, sum) }
}

/** The head with `merged` in place of `layers`; undefined when they no longer stand there together. */
function replaced<T extends NewHead | Head>(head: T, layers: readonly Layer[], merged: Layer): T | undefined {
  const [first] = layers
  const start = first ? head.layers.findIndex(layer => sameLayer(layer, first)) : -1
  if (start === -1) return undefined
  const together = layers.every((layer, i) => {
    const standing = head.layers[start + i]
    return standing !== undefined && sameLayer(standing, layer)
  })
  if (!together) return undefined
  return { ...head, layers: head.layers.toSpliced(start, layers.length, merged) }
}

/** Layers are immutable: the same commits in the same place are the same layer. */
function sameLayer(a: Layer, b: Layer): boolean {
  if (a.from !== b.from || a.to !== b.to) return false
  if (a.files || b.files) return a.files?.[0]?.id === b.files?.[0]?.id
  return a.rows?.[0]?.path === b.rows?.[0]?.path && a.rows?.length === b.rows?.length
}

async function listGarbage(
  context: NamespaceContext,
  seq: number,
  layers: readonly Layer[],
  sum: Layer,
): Promise<void> {
  const kept = new Set(sum.files?.map(file => file.id))
  const name = (file: IndexRef) => ({ in: file.in ?? context.name, id: file.id })
  const dropped = layers.flatMap(layer => layer.files ?? []).filter(file => !kept.has(file.id))
  const before = new Set(layers.flatMap(layer => layer.files?.map(file => file.id) ?? []))
  const made = (sum.files ?? []).filter(file => !before.has(file.id))
  const list = { format: FORMAT, seq, dropped: dropped.map(name), made: made.map(name) }
  await putImmutable(context.store, context.ambient, garbageKey(context.name, newId(context.ambient)), encodeJson(list))
}
