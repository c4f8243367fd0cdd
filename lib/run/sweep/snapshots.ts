// What a sweep remembers of a namespace for the next one: states that it has looked at, so that the next one looks only at what came
// since. A state that is remembered keeps nothing from being deleted: what it refers to was listed before, or is still in use.

import { formatOfLayers, type Head, layerSchema } from '../../namespace/head.ts'
import { sweepKey } from '../../namespace/keys.ts'
import type { OpenNamespace } from '../../namespace/namespace.ts'
import type { View } from '../../namespace/view.ts'
import { rowsFormatSchema } from '../../store/json-object.ts'
import { Register } from '../../store/register.ts'
import * as z from '../../vendor/zod.ts'

const snapshotSchema = z.object({
  /** When the namespace was made: a run id can be used again. */
  life: z.number(),
  seq: z.number().int().nonnegative(),
  /** When the head was read, by the store's clock. */
  at: z.number(),
  layers: z.array(layerSchema),
  /** Its newest history segment. */
  history: z.string().optional(),
})

const seenSchema = z.object({ format: rowsFormatSchema, write: z.string(), state: snapshotSchema })

const orphansSchema = z.object({
  format: rowsFormatSchema,
  write: z.string(),
  /** Objects that were put until then, by the store's clock, were looked at. */
  until: z.number(),
  /** A state from before that, and a later one. */
  base: snapshotSchema,
  next: snapshotSchema,
})

export type Snapshot = z.infer<typeof snapshotSchema>
export type OrphansState = z.infer<typeof orphansSchema>

/** The state at the end of the last sweep. */
export const seenRegister = ({ store, name, ambient }: OpenNamespace) =>
  new Register(store, sweepKey(name, 'seen'), seenSchema, ambient)

/** How far orphans were looked for. */
export const orphansRegister = ({ store, name, ambient }: OpenNamespace) =>
  new Register(store, sweepKey(name, 'orphans'), orphansSchema, ambient)

export function snapshotOf(head: Head, at: number): Snapshot {
  const { seq, layers, createdAt: life, history } = head
  return { life, seq, at, layers, ...(history && { history: history.id }) }
}

/** Whether nothing changed that a sweep would look at. */
export const isSame = (a: Snapshot, b: Snapshot): boolean =>
  a.life === b.life && a.seq === b.seq && JSON.stringify(a.layers) === JSON.stringify(b.layers)

/** What holds these snapshots has this format. */
export const formatOfSnapshots = (...snapshots: readonly Snapshot[]): Head['format'] =>
  formatOfLayers(snapshots.flatMap(({ layers }) => layers))

/** What the namespace itself held then. */
export const viewOf = (context: OpenNamespace, { seq, layers }: Snapshot): View =>
  context.views.view({ namespace: context.name, seq, layers })
