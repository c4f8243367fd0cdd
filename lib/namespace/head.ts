// The head: the one small mutable object of a namespace, replaced only by compare-and-swap. All that others can see of a
// namespace changes at that moment and no other (G2). It stays small whatever the namespace holds: bounded tail, bounded lists.
//
// A *layer* is what a range of commits did to the index: a sorted set of rows, either inline in the head (the tail: small
// recent deltas with their small values) or in index files (a delta, a folded run's shard, or the shards that compaction made).
// Layers stand oldest first; a newer layer's row hides an older one's.

import { compareBytes, isInFamily, type NamespaceName } from '../names.ts'
import { rowsFormatSchema, timeSchema } from '../store/json-object.ts'
import * as z from '../vendor/zod.ts'
import { formatOf, idSchema, namespaceSchema, pathSchema, storedRowSchema } from './row.ts'

const seqSchema = z.number().int().nonnegative()

/** Many more than any number of rows needs; whoever reads a tree goes down its levels one by one. */
const MAX_LEVEL = 32

export const indexRefSchema = z.object({
  id: idSchema,
  /** The namespace whose folder holds the file. Absent: the one that refers to it. */
  in: namespaceSchema.optional(),
  /** 0: a shard of rows. More: a node of references to files of the level below. */
  level: z.number().int().nonnegative().max(MAX_LEVEL),
  first: pathSchema,
  last: pathSchema,
  rows: z.number().int().positive(),
  bytes: z.number().int().positive(),
  /** The commit of all rows in it, when it was written for a single one: they leave it out. */
  seq: seqSchema.optional(),
  /** Two bytes of SHA-256 for each path, sorted, in base64: says of most absent paths that they are absent. Small files only. */
  prints: z.string().max(256).optional(),
})

const fileRange = ({ first, last }: z.infer<typeof indexRefSchema>) => (first === last ? [first] : [first, last])

const ascending = (paths: readonly string[]): boolean =>
  paths.every((path, i) => i === 0 || compareBytes(paths[i - 1] as string, path) < 0)

/** Whether files are sorted and share no path: a tree of such is no larger than the files that it has. */
export const areApart = (refs: readonly IndexRef[]): boolean => ascending(refs.flatMap(fileRange))

export const layerSchema = z
  .object({
    /** The first and the last commit that it holds. One commit: its rows all have that seq. */
    from: seqSchema,
    to: seqSchema,
    /** Nothing lies below it, and a deletion was left out of it: that of this commit was the last. */
    forgot: seqSchema.optional(),
    /** Its rows wait above the bottom layer: their shards are worth rewriting only once more has come. */
    waiting: z.literal(true).optional(),
    /** With `waiting`: none of them says deleted. */
    clean: z.literal(true).optional(),
    rows: z.array(storedRowSchema).optional(),
    files: z.array(indexRefSchema).optional(),
  })
  .refine(layer => Boolean(layer.rows) !== Boolean(layer.files), 'not exactly one of rows and files')
  .refine(layer => ascending(layer.rows?.map(row => row.path) ?? []), 'its rows are not sorted by path')
  .refine(layer => areApart(layer.files ?? []), 'its files are not sorted by path')

export const originSchema = z.object({
  /** The full name of the run that was folded. */
  run: namespaceSchema,
  /** Tells its lives apart: an id can be used again. */
  fork: idSchema,
  /** Its own newest commit when it was sealed. */
  seq: seqSchema,
  /** It was not folded but discarded after its seal: no fold of it that is still on its way may come to stand. */
  discarded: z.literal(true).optional(),
})

export const commitRecordSchema = z.object({
  /** Its number: one more than that of the commit before. */
  seq: seqSchema,
  /** Differs from that of any other commit. */
  id: idSchema,
  /** Milliseconds since 1970, by the clock of who made it. */
  at: timeSchema,
  /** Who made it. */
  author: z.string(),
  /** What it was given to be shown. */
  message: z.string().optional(),
  /** How many paths it put or deleted. */
  rows: z.number().int().nonnegative(),
  /** How many commits went in with the same swap; absent: one. */
  batch: z.number().int().positive().optional(),
  /** Of a fold: the run that it adopted. */
  origin: originSchema.optional(),
})

/**
 * Whether what stands in the folder of `namespace` names only what lies there, or below: what a run put itself, or a fold adopted. Who
 * writes a run could else have its parent hold one object of its own at two paths, and lose it when one of them goes; or have somebody
 * with more rights read for it what it may not.
 */
export const namesOwn = (
  namespace: NamespaceName,
  items: readonly { readonly in?: NamespaceName | undefined }[],
): boolean => items.every(({ in: home }) => home === undefined || isInFamily(namespace, home))

/** What it is said not to be. */
export const FOREIGN = 'names what lies in the folder of another namespace'

const layersNameOwn = ({ namespace, layers }: { namespace: NamespaceName; layers: readonly Layer[] }): boolean =>
  layers.every(({ rows = [], files = [] }) => namesOwn(namespace, rows) && namesOwn(namespace, files))

/** Where a child was forked from. */
const baseSchema = z.object({
  namespace: namespaceSchema,
  seq: seqSchema,
  fork: idSchema,
  /** The fork that the parent stood on itself, when the parent was a run. */
  below: idSchema.optional(),
})

/** One that a refresh has put another in the place of. */
const oldBaseSchema = baseSchema.extend({
  /** The run's commit from which on it stands on another. */
  until: seqSchema.optional(),
  /** When a sweep first saw that, by the store's clock. */
  seenAt: timeSchema.optional(),
})

/** A chain of bases leads up, or one that leads back to itself would be followed for ever. */
export const isChild = (child: NamespaceName, parent: NamespaceName): boolean =>
  child.startsWith(`${parent}/`) && !child.includes('/', parent.length + 1)

const standsOnParent = ({ namespace, base }: { namespace: NamespaceName; base?: Base | undefined }): boolean =>
  !base || isChild(namespace, base.namespace)

const onErrorSchema = z.enum(['keep', 'discard', 'fold'])

const historyRefSchema = z.object({ id: idSchema, to: seqSchema })

export const headSchema = z
  .object({
    format: rowsFormatSchema,
    write: z.string(),
    namespace: namespaceSchema,
    seq: seqSchema,
    state: z.enum(['open', 'sealed', 'folded', 'discarded']),
    createdAt: timeSchema,
    base: baseSchema.optional(),
    layers: z.array(layerSchema),
    /** The commits since the last history segment, oldest first. */
    commits: z.array(commitRecordSchema),
    history: historyRefSchema.optional(),
    /** The greatest fencing token seen of a lease, for those that mattered to a write of late: `fences.ts`. */
    fences: z.record(z.string(), z.number().int().nonnegative()),
    /** How many sweeps looked for what may be deleted here. Each raises it first: who read the head before that looks again. */
    sweeps: seqSchema.default(0),
    /** Of a run: what the fork recorded for those who find it without an owner. */
    run: z
      .object({
        label: z.string(),
        onError: onErrorSchema,
        onConflict: z.record(z.string(), z.string()).optional(),
        /** It outlives its processes: how long it is kept at least after the last sign of life. */
        keepMs: z.number().positive().optional(),
      })
      .optional(),
    /** Pins of a run from before it was refreshed: runs forked from it may still reach what they hold. */
    oldBases: z.array(oldBaseSchema).optional(),
    /** Of a folded run: the parent's commit that adopted it, and how many rows that were. */
    folded: z
      .object({
        seq: seqSchema,
        rows: z.number().int().nonnegative(),
        /** How long the fold waited for the merge lease, or for who held it. */
        waitedMs: z.number().nonnegative().optional(),
      })
      .optional(),
    /** Of a run, for people: when it was first written to, when a fold sealed it, and when it ended. By clocks of those who did. */
    firstAt: timeSchema.optional(),
    sealedAt: timeSchema.optional(),
    endedAt: timeSchema.optional(),
    /** Of a run whose id was used before: when the one before it had ended, by the store's clock. */
    after: z.number().optional(),
    /** What the runs of this id before it have left in its folder, if no sweep has emptied it: what their parent adopted, and `after`. */
    earlier: z.object({ after: z.number().optional(), layers: z.array(layerSchema) }).optional(),
    /** Of a run that has ended: a sweep has emptied its folder, and nothing but this is left. */
    emptied: z.literal(true).optional(),
  })
  .refine(standsOnParent, 'its base is not that of its parent')
  .refine(layersNameOwn, FOREIGN)
  .refine(({ namespace, earlier: { layers = [] } = {} }) => layersNameOwn({ namespace, layers }), FOREIGN)

/** The pin of a fork: everything of the parent that the child reaches. Immutable. */
export const forkSchema = z
  .object({
    format: rowsFormatSchema,
    write: z.string(),
    fork: idSchema,
    /** The child, and the parent that it was forked from. */
    child: namespaceSchema,
    namespace: namespaceSchema,
    seq: seqSchema,
    at: timeSchema,
    layers: z.array(layerSchema),
    /** The parent's own base, when the parent is a run itself. */
    base: baseSchema.optional(),
    /**
     * What the fork chose for the run without an owner. Here, and not in the run's head, for who writes the run must not be the one who
     * says that a sweep folds it. Absent: a pin of a refresh, or of an older runlet; then no sweep folds it by itself.
     */
    onError: onErrorSchema.optional(),
  })
  .refine(standsOnParent, 'its base is not that of its parent')
  .refine(({ child, namespace }) => isChild(child, namespace), 'its child is none of the parent')
  .refine(layersNameOwn, FOREIGN)

export type IndexRef = z.infer<typeof indexRefSchema>
export type Layer = z.infer<typeof layerSchema>
export type Origin = z.infer<typeof originSchema>
/** A commit, as the history of its namespace has it. */
export interface CommitRecord extends z.infer<typeof commitRecordSchema> {}
export type Base = z.infer<typeof baseSchema>
export type Head = z.infer<typeof headSchema>
export type HeadState = Head['state']
export type ForkPin = z.infer<typeof forkSchema>

/** Whether a run has ended: nothing is written to it any more, nor will be. */
export const hasEnded = (state: HeadState | undefined): state is 'folded' | 'discarded' =>
  state === 'folded' || state === 'discarded'

/** What holds these layers has this format. */
export const formatOfLayers = (layers: readonly Layer[]): Head['format'] =>
  formatOf(layers.flatMap(layer => layer.rows ?? []))

/** What a head looks like without the id that the register gives it. */
export type NewHead = Omit<Head, 'write'>

export function emptyHead(namespace: NamespaceName, createdAt: number): NewHead {
  return {
    format: 1,
    namespace,
    seq: 0,
    state: 'open',
    createdAt,
    layers: [],
    commits: [],
    fences: {},
    sweeps: 0,
  }
}

/** The seq that all rows of a layer have, if it holds a single commit. */
export const soleSeq = (layer: { from: number; to: number }): number | undefined =>
  layer.from === layer.to ? layer.to : undefined
