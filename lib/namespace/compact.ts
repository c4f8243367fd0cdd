// Compaction: keeps the number of layers and the size of the head bounded. It merges neighbouring layers into one that says the
// same, beside writers: they only add layers, so a swap that replaces the merged ones by their sum disturbs nobody, and loses
// nothing when it is killed. Which layers to merge is decided in compaction-plan.ts.
// What a merge drops and makes is listed under `garbage/` before the swap; the sweep looks there, not at everything.
import { putImmutable } from '../store/immutable.ts'
import { encodeJson, FORMAT } from '../store/json-object.ts'
import { planMerge, planTail, type Span } from './compaction-plan.ts'
import type { NamespaceContext } from './context.ts'
import type { Head, IndexRef, Layer, NewHead } from './head.ts'
import { boundHistory } from './history.ts'
import { garbageKey } from './keys.ts'
import { mergeLayers } from './merge-layers.ts'
import { newId } from './object-id.ts'

export interface CompactionResult {
  /** How many layers became one, 0 when there was nothing to do. */
  readonly merged: number
}

/** Merges what the plan finds worth it, until it finds nothing more, or `passes` are done. */
export async function compact(
  context: NamespaceContext,
  options: { passes?: number; eager?: boolean } = {},
): Promise<CompactionResult> {
  let merged = 0
  for (let pass = 0; pass < (options.passes ?? 8); pass++) {
    const head = (await context.head.refresh()).value
    const span = planMerge(head.layers, options.eager ?? false)
    if (!span) break
    const layers = head.layers.slice(span.from, span.to + 1)
    const sum = await mergeLayers(context, layers, { complete: span.from === 0 && !head.base })
    await listGarbage(context, head.seq, layers, sum)
    const version = await context.head.update(async current => {
      const next = replaced(current, layers, sum)
      return next && boundHistory(next, context)
    })
    if (!version.value.layers.some(layer => sameLayer(layer, sum))) break
    merged += layers.length
  }
  return { merged }
}

/** Moves the tail to an index file when the inline rows outgrow the head. Part of the commit that overflows it. */
export async function boundTail(context: NamespaceContext, head: NewHead): Promise<NewHead> {
  let next = head
  for (const span of planTail(head.layers)) {
    const layers = head.layers.slice(span.from, span.to + 1)
    const sum = await mergeLayers(context, layers, { complete: false })
    next = replaced(next, layers, sum) ?? next
  }
  return next
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

export type { Span }
