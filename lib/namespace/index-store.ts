// Reads and writes index files. They are immutable, so what was decoded once is kept in memory, bounded by bytes; two readers
// of the same file share one request. It writes sorted rows as size-bounded shards, and long lists of shards as nodes.

import type { Ambient } from '../ambient.ts'
import { CorruptObjectError, MissingObjectError } from '../errors.ts'
import { compareBytes, type NamespaceName, type Path } from '../names.ts'
import { putImmutable } from '../store/immutable.ts'
import type { GetResult, ObjectStore } from '../store/object-store.ts'
import type { IndexRef, Layer } from './head.ts'
import { decodeIndexFile, encodeIndexFile, fingerprints, type IndexContent, MAX_FILE_BYTES } from './index-file.ts'
import { indexKey } from './keys.ts'
import { type Level, LevelWriter } from './level-writer.ts'
import { newId } from './object-id.ts'
import { type Row, toStored } from './row.ts'

/** Bounds of what is written; readers take anything. */
export interface IndexBounds {
  /** Rows of a shard. */
  maxRows: number
  /** Bytes of a shard before compression, inline values not counted: more of them than a few go to packs. */
  maxBytes: number
  /** References of a node; of a layer in the head a quarter of it. */
  maxRefs: number
}

export const DEFAULT_BOUNDS: IndexBounds = { maxRows: 1024, maxBytes: 256 * 1024, maxRefs: 64 }

/** Files that one look at the index fetches at the same time. */
export const LOADS = 16

/** Some 12 shards. What stays on the heap costs a process four times its size in resident memory, for V8 lets it grow before it collects. */
const CACHE_BYTES = 8 * 1024 * 1024
/** Of as many walks as there may be; one that finds no room fetches each file when it gets to it. */
const MOST_AHEAD = 64
/** Decoded rows take several times the room of the compressed file. */
const DECODED_FACTOR = 10

export class IndexStore {
  private readonly store: ObjectStore
  private readonly ambient: Ambient
  readonly bounds: IndexBounds
  private readonly cache = new Map<string, { content: Promise<IndexContent>; bytes: number }>()
  private cachedBytes = 0
  /** What is fetched before it is asked for, as it comes: decoded it takes ten times the room. */
  private readonly ahead = new Map<string, Promise<GetResult>>()
  private readonly maxCachedBytes: number

  /** `maxCachedBytes`: of decoded files that are kept; few of them for who reads everything once. */
  constructor(
    store: ObjectStore,
    ambient: Ambient,
    bounds: IndexBounds = DEFAULT_BOUNDS,
    maxCachedBytes: number = CACHE_BYTES,
  ) {
    this.store = store
    this.ambient = ambient
    this.bounds = bounds
    this.maxCachedBytes = maxCachedBytes
  }

  /** Loads the file that `ref` names, as seen from `referrer`. */
  load(ref: IndexRef, referrer: NamespaceName): Promise<IndexContent> {
    const key = indexKey(ref.in ?? referrer, ref.id)
    const hit = this.cache.get(key)
    if (hit) {
      this.cache.delete(key)
      this.cache.set(key, hit)
      return hit.content
    }
    const content = this.fetch(key, ref, referrer)
    this.remember(key, content, Math.min(ref.bytes * DECODED_FACTOR, CACHE_BYTES))
    content.then(
      found => this.weigh(key, content, decodedBytes(found)),
      () => undefined,
    )
    return content
  }

  /** Begins to fetch what `load` will be asked for soon, or else `giveUp`. */
  fetchAhead(ref: IndexRef, referrer: NamespaceName): void {
    const key = indexKey(ref.in ?? referrer, ref.id)
    if (this.cache.has(key) || this.ahead.has(key) || this.ahead.size >= MOST_AHEAD) return
    const answer = this.get(key)
    this.ahead.set(key, answer)
    answer.catch(() => this.ahead.delete(key)) // who asks for it tries again
  }

  /** Makes room of what was fetched ahead for nobody. */
  giveUp(refs: readonly IndexRef[], referrer: NamespaceName): void {
    for (const ref of refs) this.ahead.delete(indexKey(ref.in ?? referrer, ref.id))
  }

  /** Writes sorted rows as one or more shards in `namespace`, and resolves to the references of a layer. */
  async write(namespace: NamespaceName, rows: readonly Row[], seq: number | undefined): Promise<IndexRef[]> {
    const shards = this.shardWriter({
      write: piece => this.putShard(namespace, piece, seq),
      open: nothingStands,
    })
    await shards.addAll(rows)
    return this.gather(namespace, await shards.finish())
  }

  /** Puts nodes over a list of references until few enough remain for a layer in the head. */
  async gather(namespace: NamespaceName, refs: IndexRef[], onMade?: (ref: IndexRef) => void): Promise<IndexRef[]> {
    if (refs.length <= this.maxTop) return refs
    const nodes = this.nodeWriter(namespace, { open: nothingStands, onMade })
    await nodes.addAll(refs)
    return this.gather(namespace, await nodes.finish(), onMade)
  }

  /** Puts nodes over a layer's references until one remains. */
  async underOne(namespace: NamespaceName, refs: IndexRef[]): Promise<IndexRef[]> {
    if (refs.length <= 1) return refs
    const nodes = this.nodeWriter(namespace, { open: nothingStands })
    await nodes.addAll(refs)
    return this.underOne(namespace, await nodes.finish())
  }

  /** So many references a layer may have in the head. */
  get maxTop(): number {
    return Math.max(2, this.bounds.maxRefs / 4)
  }

  shardWriter(means: Omit<Level<Row>, 'share'>): LevelWriter<Row> {
    const { maxRows, maxBytes } = this.bounds
    return new LevelWriter({ ...means, share: row => Math.max(1 / maxRows, roughBytes(row) / maxBytes) })
  }

  nodeWriter(
    namespace: NamespaceName,
    { open, onMade }: { open: Level<IndexRef>['open']; onMade?: ((ref: IndexRef) => void) | undefined },
  ): LevelWriter<IndexRef> {
    const write = async (refs: IndexRef[]) => {
      const node = await this.putNode(namespace, refs)
      onMade?.(node)
      return node
    }
    return new LevelWriter({ open, write, share: () => 1 / this.bounds.maxRefs })
  }

  putShard(namespace: NamespaceName, rows: readonly Row[], seq: number | undefined): Promise<IndexRef> {
    const stored = rows.map(row => toStored(row, { seq, namespace }))
    return this.put({ kind: 'rows', namespace, rows: stored }, { level: 0, rows: rows.length })
  }

  private putNode(namespace: NamespaceName, refs: IndexRef[]): Promise<IndexRef> {
    const level = Math.max(...refs.map(ref => ref.level)) + 1
    const rows = refs.reduce((sum, ref) => sum + ref.rows, 0)
    return this.put({ kind: 'refs', namespace, refs }, { level, rows })
  }

  private async put(content: IndexContent, about: { level: number; rows: number }): Promise<IndexRef> {
    const id = newId(this.ambient)
    const body = encodeIndexFile(content)
    const key = indexKey(content.namespace, id)
    await putImmutable(this.store, this.ambient, key, body)
    this.remember(key, Promise.resolve(content), body.length * DECODED_FACTOR)
    const paths = content.kind === 'rows' ? content.rows.map(row => row.path) : undefined
    const prints = paths && fingerprints(paths)
    return { id, ...about, ...rangeOf(content), bytes: body.length, ...(prints && { prints }) }
  }

  private async fetch(key: string, ref: IndexRef, referrer: NamespaceName): Promise<IndexContent> {
    const begun = this.ahead.get(key)
    this.ahead.delete(key)
    const answer = await (begun ?? this.get(key))
    if (answer.status !== 'found') throw new MissingObjectError(key, `the index of "${referrer}"`)
    const content = decodeIndexFile(key, answer.body)
    const { first, last } = rangeOf(content)
    const asSaid =
      first === ref.first &&
      last === ref.last &&
      content.namespace === (ref.in ?? referrer) &&
      // A node's children lie below it, or a node that refers to itself would be read for ever.
      (content.kind === 'rows'
        ? ref.level === 0 && content.rows.length === ref.rows
        : content.refs.every(child => child.level < ref.level))
    if (!asSaid) {
      throw new CorruptObjectError(key, `is not what the index of "${referrer}" says it is`)
    }
    return content
  }

  private get(key: string): Promise<GetResult> {
    return this.store.get(key, { maxBytes: MAX_FILE_BYTES })
  }

  private remember(key: string, content: Promise<IndexContent>, bytes: number): void {
    this.cache.set(key, { content, bytes })
    this.cachedBytes += bytes
    content.catch(() => this.forget(key))
    this.trim()
  }

  /** What a reference says of a file's size need not be true. */
  private weigh(key: string, content: Promise<IndexContent>, bytes: number): void {
    const entry = this.cache.get(key)
    if (entry?.content !== content || bytes <= entry.bytes) return
    this.cachedBytes += bytes - entry.bytes
    entry.bytes = bytes
    this.trim()
  }

  private trim(): void {
    for (const oldest of this.cache.keys()) {
      if (this.cachedBytes <= this.maxCachedBytes) break
      this.forget(oldest)
    }
  }

  private forget(key: string): void {
    const entry = this.cache.get(key)
    if (entry && this.cache.delete(key)) this.cachedBytes -= entry.bytes
  }
}

/** About how much memory an index file takes: each item, and what in it may be of any length. */
function decodedBytes(content: IndexContent): number {
  if (content.kind === 'refs') return content.refs.reduce((sum, { prints = '' }) => sum + 1000 + prints.length, 0)
  return content.rows.reduce((sum, { path, author, value = '', external = ['', ''] }) => {
    return sum + 300 + path.length + author.length + value.length + external[0].length
  }, 0)
}

/** The `open` of a level without files that stand. */
export const nothingStands = () => Promise.reject(new Error('all files of this level are new'))

/** About how many bytes a row takes in a shard, before compression; inline values are counted apart. */
const roughBytes = ({ path, author, external }: Row): number =>
  200 + path.length + author.length + (external ? external[0].length + external[1].length : 0)

function rangeOf(content: IndexContent): { first: Path; last: Path } {
  const [first, last] =
    content.kind === 'rows'
      ? [content.rows[0]?.path, content.rows.at(-1)?.path]
      : [content.refs[0]?.first, content.refs.at(-1)?.last]
  if (first === undefined || last === undefined) throw new Error('an index file holds at least one item')
  return { first, last }
}

/** The range of paths that a layer covers; undefined when it is empty. */
function layerRange(layer: Layer): { first: Path; last: Path } | undefined {
  const first = layer.rows ? layer.rows[0]?.path : layer.files?.[0]?.first
  const last = layer.rows ? layer.rows.at(-1)?.path : layer.files?.at(-1)?.last
  return first === undefined || last === undefined ? undefined : { first, last }
}

/** Whether two layers can share a path. */
export function rangesMeet(a: Layer, b: Layer): boolean {
  const [x, y] = [layerRange(a), layerRange(b)]
  if (!x || !y) return false
  return compareBytes(x.first, y.last) <= 0 && compareBytes(y.first, x.last) <= 0
}
