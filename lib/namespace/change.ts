// A change: one commit that is still to happen. A direct write, a fold and a queued intent are all changes; they differ only in
// where their rows lie and in who carries them into the head. It keeps its id for ever, which makes retrying it harmless (G5).

import type { NamespaceName } from '../names.ts'
import type { Moment } from '../store/grace.ts'
import { timeSchema } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'
import type { Fence } from './fences.ts'
import { type IndexRef, indexRefSchema, type Origin, originSchema } from './head.ts'
import { type PolicyRule, policyRulesSchema, portable } from './policy.ts'
import { fromStored, idSchema, type Row, storedRowSchema, toStored } from './row.ts'
import type { View } from './view.ts'

/** A set of rows, sorted by path: in hand, or in index files. */
export type RowSet = { readonly rows: readonly Row[] } | { readonly files: readonly IndexRef[]; readonly count: number }

/** Commits of one process, by seq. Those of a namespace whose name is used again count anew. */
interface OwnCommits {
  /** When the namespace was made. */
  readonly life: number
  readonly seqs: ReadonlySet<number>
}

/**
 * What a change rests on beside its own paths. Where nothing came since that could speak against it, any leader can tell; what came
 * after all, only the process that made the change can judge.
 */
export interface Reliance {
  /** All that could speak against it are paths that start so: */
  readonly under: string
  /** those that were deleted and start with one of these, */
  readonly deletions: readonly string[]
  /** and those that were written and start with one of these. */
  readonly writes: readonly string[]
  /** The change's own paths that are not to be changed after all, now that the namespace is like this. */
  readonly contradicted?: ((now: View) => Promise<readonly string[]>) | undefined
}

export interface Change {
  /** The commit's id. */
  readonly id: string
  /** The seq of the head that it was made against; what came later may be in conflict with it. */
  readonly since: number
  /** The fork that the head's base had then; a run that was refreshed has another. */
  readonly sinceFork: string | undefined
  readonly at: number
  readonly author: string
  readonly message?: string | undefined
  /** What it does; a later set lies on top of an earlier one. */
  readonly sets: readonly RowSet[]
  readonly rules: readonly PolicyRule[]
  /** Names the arriving side in `keep-both`. */
  readonly suffix: string
  /** The lease that the writer must still hold. */
  readonly fence?: Fence | undefined
  readonly origin?: Origin | undefined
  readonly reliesOn?: Reliance | undefined
  /** Commits of the writer itself: it knows what it wrote, seen or not. Known only in its own process. */
  readonly own?: OwnCommits | undefined
  /** What the writer saw. Known only in its own process. */
  readonly base?: (() => Promise<View>) | undefined
  /** When the first object that it refers to was begun. Known only in its own process. */
  readonly began?: Moment | undefined
  /** How many sweeps the head had told of when its writer last saw that what it refers to is young enough. */
  readonly sweeps?: number | undefined
}

const rowSetSchema = z.union([
  z.object({ rows: z.array(storedRowSchema) }),
  z.object({ files: z.array(indexRefSchema), count: z.number().int().positive() }),
])

export const storedChangeSchema = z.object({
  id: idSchema,
  since: z.number().int().nonnegative(),
  sinceFork: idSchema.optional(),
  at: timeSchema,
  author: z.string(),
  message: z.string().optional(),
  sets: z.array(rowSetSchema),
  rules: policyRulesSchema,
  suffix: z.string(),
  fence: z.object({ name: z.string(), token: z.number().int() }).optional(),
  origin: originSchema.optional(),
  sweeps: z.number().int().nonnegative().default(0),
  reliesOn: z.object({ under: z.string(), deletions: z.array(z.string()), writes: z.array(z.string()) }).optional(),
})

type StoredChange = z.infer<typeof storedChangeSchema>

/** As another process can read it. */
export function toStoredChange(change: Change, namespace: NamespaceName): StoredChange {
  const { base: _, own: __, began: ___, rules, sets, reliesOn, ...rest } = change
  return {
    ...rest,
    sweeps: change.sweeps ?? 0,
    ...(reliesOn && { reliesOn: toStoredReliance(reliesOn) }),
    rules: portable(rules),
    sets: sets.map(set =>
      'rows' in set
        ? { rows: set.rows.map(row => toStored(row, { seq: 0, namespace })) }
        : { files: [...set.files], count: set.count },
    ),
  }
}

function toStoredReliance({ under, deletions, writes }: Reliance): StoredChange['reliesOn'] {
  return { under, deletions: [...deletions], writes: [...writes] }
}

export function fromStoredChange(stored: StoredChange, namespace: NamespaceName): Change {
  const sets = stored.sets.map(set =>
    'rows' in set ? { rows: set.rows.map(row => fromStored(row, { seq: 0, namespace })) } : set,
  )
  return { ...stored, sinceFork: stored.sinceFork, sets }
}

export function countRows(sets: readonly RowSet[]): number {
  return sets.reduce((sum, set) => sum + ('rows' in set ? set.rows.length : set.count), 0)
}
