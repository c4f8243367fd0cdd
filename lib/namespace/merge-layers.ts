// Merging neighbouring layers into one that says the same, beside readers and writers. Newer rows stream over the shards of the oldest
// layer: what no row falls into stays as it is, what is touched is written anew, split and joined to stay within bounds. Memory holds
// a few shards, whatever the layers hold.
// Above the bottom layer rows can wait: a shard is worth rewriting when what waits for it is a fair part of it, so that writes which
// are scattered over a huge namespace stay cheap.
import type { NamespaceName, Path } from '../names.ts'
import type { NamespaceContext } from './context.ts'
import { type IndexRef, type Layer, soleSeq } from './head.ts'
import type { IndexContent } from './index-file.ts'
import { scanNewest } from './layers.ts'
import type { LevelWriter } from './level-writer.ts'
import { packValues, unpackScattered } from './packs.ts'
import { fromStored, type Row } from './row.ts'
import { RowStream } from './row-stream.ts'

/** Inline values of a shard below this stay in it: a request for them would cost more than they weigh. */
export const INLINE_IN_SHARD = 48 * 1024
/** A shard is worth rewriting when what waits for it is this part of its rows. */
const FAIR_PART = 1 / 10

export interface MergeOptions {
  /** Nothing lies below the layers, so deleted paths can be left out. */
  readonly complete: boolean
  /** Rows for which rewriting a shard is not worth it wait in a layer of their own. Default: all are merged. */
  readonly mayWait?: boolean | undefined
  /** With mayWait: what was deleted does not wait, so that its value goes from the store. */
  readonly deletesNow?: boolean | undefined
  /** With mayWait: rewrite at most about so many rows that stand already. Default: no limit. */
  readonly maxRewritten?: number | undefined
  /** With mayWait: asked now and then whether what is left is to wait. */
  readonly isEnough?: (() => boolean) | undefined
  /** Told now and then how many of the newer rows are done. */
  readonly onRows?: ((rows: number) => void) | undefined
  /** Asked now and then; it throws to end the merge, which then has changed nothing. */
  readonly check?: (() => void) | undefined
}

/** Writes the sum of `layers` (oldest first) as one layer of index files in the namespace's folder. */
export async function mergeLayers(
  context: NamespaceContext,
  layers: readonly Layer[],
  { complete }: { complete: boolean },
): Promise<Layer> {
  const [sum] = await merge(context, layers, { complete })
  return sum as Layer
}

/**
 * Writes the sum of `layers` (oldest first), or with `mayWait` that part of it which is worth it. Resolves to what stands in their place,
 * oldest first: the sum, and what waits above it.
 */
export function merge(context: NamespaceContext, layers: readonly Layer[], options: MergeOptions): Promise<Layer[]> {
  return new Merge(context, layers, options).run()
}

/** References of one level as they stand: their namespaces and commits filled in where they are not those of the merge. */
type Standing = readonly IndexRef[]

/** The merge of one level, from left to right. */
interface LevelMerge {
  merge(standing: Standing, until: Path | undefined): Promise<void>
  /** The references to what stands now. */
  finish(): Promise<IndexRef[]>
}

class Merge {
  readonly #context: NamespaceContext
  readonly #options: MergeOptions
  readonly #oldest: Layer
  readonly #around: Pick<Layer, 'from' | 'to'>
  readonly #standing: Standing
  /** What is merged into it. */
  readonly #rows: RowStream
  /** Takes the rows that wait. */
  readonly #waiting: { readonly writer: LevelWriter<Row>; readonly from: number } | undefined
  /** Nodes that were written. */
  readonly #made = new Set<IndexRef>()
  #rewritten = 0
  /** Whether anything falls into the files of the oldest layer. */
  #isTouched = false
  /** Whether rows were left waiting that are worth it: there is more to be done. */
  #isCutShort = false
  /** The last commit of which a deletion was left out. */
  #forgot: number

  constructor(context: NamespaceContext, layers: readonly Layer[], options: MergeOptions) {
    const [oldest, newest] = [layers[0] as Layer, layers.at(-1) as Layer]
    const upper = oldest.files ? layers.slice(1) : layers
    this.#context = context
    this.#options = options
    this.#oldest = oldest
    this.#forgot = oldest.forgot ?? 0
    this.#around = { from: oldest.from, to: newest.to }
    this.#standing = (oldest.files ?? []).map(ref => this.#absolute(ref, context.name, soleSeq(oldest)))
    const placed = upper.map(layer => ({ layer, namespace: context.name }))
    this.#rows = new RowStream(scanNewest(context.index, placed, ''))
    const canWait = options.mayWait && this.#standing.length > 0 && upper[0]
    this.#waiting = canWait ? { writer: this.#shardWriter({ bottom: false }), from: canWait.from } : undefined
  }

  async run(): Promise<Layer[]> {
    try {
      return await this.#merge()
    } finally {
      await this.#rows.close()
    }
  }

  async #merge(): Promise<Layer[]> {
    const refs = await this.#mergeLevel(this.#standing, undefined)
    const forgot = this.#forgot > 0 ? { forgot: this.#forgot } : {}
    // All waits: the bottom has nothing of the newer commits, and must not seem to, or whoever began before them would look there, too.
    const isAsBefore = this.#waiting !== undefined && !this.#isTouched
    const bottom = isAsBefore ? this.#oldest : { ...this.#around, ...forgot, files: await this.#topOf(refs) }
    const layers: Layer[] = [bottom]
    const waiting = (await this.#waiting?.writer.finish()) ?? []
    if (this.#waiting && waiting.length > 0) {
      const { from } = this.#waiting
      const clean = this.#options.deletesNow ? { clean: true as const } : {}
      const settled = this.#isCutShort ? {} : { waiting: true as const, ...clean }
      layers.push({ from, to: this.#around.to, ...settled, files: await this.#gather(waiting) })
    }
    return layers
  }

  /** What stands on one level, with the rows before `until` merged into it. */
  async #mergeLevel(standing: Standing, until: Path | undefined): Promise<IndexRef[]> {
    const level = this.#levelOf(standing[0]?.level ?? 0)
    await level.merge(standing, until)
    return level.finish()
  }

  #levelOf(level: number): LevelMerge {
    return level > 0 ? this.#nodesOf(level) : this.#shardsOf()
  }

  #nodesOf(level: number): LevelMerge {
    const writer = this.#context.index.nodeWriter(this.#context.name, {
      open: ref => this.#openNode(ref),
      onMade: ref => this.#made.add(ref),
    })
    // One for nodes that stand side by side: what becomes too small is joined across their borders.
    let below: LevelMerge | undefined
    const closeBelow = async () => {
      if (below) await writer.addAll(await below.finish())
      below = undefined
    }
    const mergeNodes = async (standing: Standing, until: Path | undefined) => {
      for (const [ref, end] of withEnds(standing, until)) {
        if (await this.#takesIn(ref, end)) {
          below ??= this.#levelOf(level - 1)
          await below.merge(await this.#openNode(ref), end)
        } else {
          await closeBelow()
          await this.#keep(writer, ref, end)
        }
      }
    }
    return { merge: mergeNodes, finish: () => closeBelow().then(() => writer.finish()) }
  }

  #shardsOf(): LevelMerge {
    const writer = this.#shardWriter({ bottom: true })
    const mergeShards = async (standing: Standing, until: Path | undefined) => {
      if (standing.length === 0) await writer.addAll(this.#alive(this.#rows.allBefore(until)))
      for (const [ref, end] of withEnds(standing, until)) {
        if (await this.#takesIn(ref, end)) await writer.addAll(this.#alive(this.#overlay(ref, end)))
        else await this.#keep(writer, ref, end)
      }
    }
    return { merge: mergeShards, finish: () => writer.finish() }
  }

  async #takesIn(ref: IndexRef, end: Path | undefined): Promise<boolean> {
    const isWorthIt = await this.#isWorthIt(ref, end)
    this.#isTouched ||= isWorthIt && ref.level === 0
    return isWorthIt
  }

  /** Whether so many rows fall into a file, or into one of the shards below it, that it is to be written anew. */
  async #isWorthIt(ref: IndexRef, end: Path | undefined): Promise<boolean> {
    this.#options.check?.()
    if (!this.#waiting) return this.#rows.hasBefore(end, 1)
    const { maxRewritten = Number.POSITIVE_INFINITY, isEnough = () => false } = this.#options
    if (this.#rewritten >= maxRewritten || isEnough()) {
      this.#isCutShort = true
      return false
    }
    const shards = this.#context.index.bounds.maxRefs ** ref.level
    if (await this.#rows.hasBefore(end, Math.ceil((ref.rows / shards) * FAIR_PART))) return true
    // Below the upper nodes more may wait than should be held in memory only to find that out.
    return this.#options.deletesNow === true && (ref.level > 1 || this.#rows.hasDeletedBefore(end))
  }

  /** Leaves a file as it is; the rows that fall into it wait. */
  async #keep<T>(writer: LevelWriter<T>, ref: IndexRef, end: Path | undefined): Promise<void> {
    await this.#waiting?.writer.addAll(this.#rows.allBefore(end))
    await writer.keep(ref)
  }

  /** The rows of a shard, with the newer ones before `end` over them. */
  async *#overlay(ref: IndexRef, end: Path | undefined): AsyncGenerator<Row> {
    const older = await this.#openShard(ref)
    this.#rewritten += older.length
    for (const row of older) {
      yield* this.#rows.allBefore(row.path)
      yield (await this.#rows.takeAt(row.path)) ?? row
    }
    yield* this.#rows.allBefore(end)
  }

  async *#alive(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of rows) {
      if (this.#options.complete && row.deleted) this.#forgot = Math.max(this.#forgot, row.seq)
      else yield row
    }
  }

  #shardWriter({ bottom }: { bottom: boolean }): LevelWriter<Row> {
    const { index, name, values } = this.#context
    return index.shardWriter({
      open: ref => this.#openShard(ref),
      write: async rows => {
        this.#options.check?.()
        this.#options.onRows?.(this.#rows.taken)
        // Only where rows come to stay: on their way down they would be copied at every step.
        const gathered = bottom && this.#options.mayWait ? await unpackScattered(values, rows) : rows
        const packed = packValues(this.#context, gathered, INLINE_IN_SHARD)
        const [ref] = await Promise.all([index.putShard(name, packed.rows, soleSeq(this.#around)), packed.stored])
        return ref
      },
    })
  }

  async #openShard(ref: IndexRef): Promise<Row[]> {
    const { namespace, ...content } = await this.#load(ref)
    if (content.kind !== 'rows') throw new Error('the index store gives rows for a file of level 0')
    return content.rows.map(row => fromStored(row, { seq: ref.seq, namespace }))
  }

  async #openNode(ref: IndexRef): Promise<IndexRef[]> {
    const { namespace, ...content } = await this.#load(ref)
    if (content.kind !== 'refs') throw new Error('the index store gives references for a file of a higher level')
    return content.refs.map(child => this.#absolute(child, namespace, ref.seq))
  }

  #load(ref: IndexRef): Promise<IndexContent> {
    return this.#context.index.load(ref, this.#context.name)
  }

  /** A reference as it must be written in a file of this namespace, or in a layer of several commits. */
  #absolute(ref: IndexRef, referrer: NamespaceName, seq: number | undefined): IndexRef {
    const { in: home = referrer, seq: own, ...rest } = ref
    const commit = seq ?? own
    return {
      ...rest,
      ...(home !== this.#context.name && { in: home }),
      ...(commit !== undefined && { seq: commit }),
    }
  }

  /** The references for the head: few, and of no higher level than need be. */
  async #topOf(refs: IndexRef[]): Promise<IndexRef[]> {
    const [only] = refs
    if (refs.length === 1 && only && only.level > 0 && this.#made.has(only)) {
      const below = await this.#openNode(only)
      if (below.length <= this.#context.index.maxTop) return this.#topOf(below)
    }
    return this.#gather(refs)
  }

  #gather(refs: IndexRef[]): Promise<IndexRef[]> {
    return this.#context.index.gather(this.#context.name, refs, ref => this.#made.add(ref))
  }
}

/** Each file with the path before which the next one begins. What comes before the first one falls into it. */
function* withEnds(standing: Standing, until: Path | undefined): Generator<[ref: IndexRef, end: Path | undefined]> {
  for (const [i, ref] of standing.entries()) yield [ref, standing[i + 1]?.first ?? until]
}
