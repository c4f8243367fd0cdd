// What a compaction dropped and made, listed under `garbage/` before its swap: the sweep looks there, not at everything. An object that
// is listed may still be needed: by a run that was forked before, by a swap that was never made. That is for the sweep to find out.
import { putImmutable } from '../store/immutable.ts'
import { encodeJson, FORMAT } from '../store/json-object.ts'
import type { NamespaceContext } from './context.ts'
import type { IndexRef, Layer } from './head.ts'
import { garbageKey } from './keys.ts'
import { listFiles } from './layers.ts'
import type { Merged } from './merge-layers.ts'
import { newId } from './object-id.ts'

interface Compacted {
  /** Of the head that the merge began from. */
  readonly seq: number
  readonly layers: readonly Layer[]
  readonly sum: Merged
}

export async function listGarbage(context: NamespaceContext, { seq, layers, sum }: Compacted): Promise<void> {
  const [oldest, ...newer] = layers
  const name = (ref: IndexRef) => ({ in: ref.in ?? context.name, id: ref.id })
  // Of the oldest layer only what was opened; of the others all there is.
  const dropped = sum.opened.map(name)
  for (const layer of oldest?.files ? newer : []) {
    for await (const file of listFiles(context.index, { layer, namespace: context.name })) dropped.push(file)
  }
  const list = { format: FORMAT, seq, dropped, made: sum.made.map(name) }
  await putImmutable(context.store, context.ambient, garbageKey(context.name, newId(context.ambient)), encodeJson(list))
}
