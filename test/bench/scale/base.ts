// The parent of the scale benchmark: ten million rows, the same paths in the same tree as those of the index benchmark. Its nodes and its
// head are really written, by the library; its 11,000 shards are written when somebody reads one, for a shard never changes and what it
// holds follows from its place. Which shards are there, and what their references say, does not depend on that.
import type { Ambient } from '../../../lib/ambient.ts'
import { parseNamespaceName, parsePath } from '../../../lib/names.ts'
import type { IndexRef } from '../../../lib/namespace/head.ts'
import { encodeIndexFile } from '../../../lib/namespace/index-file.ts'
import { indexKey } from '../../../lib/namespace/keys.ts'
import { openNamespace } from '../../../lib/namespace/namespace.ts'
import { newId } from '../../../lib/namespace/object-id.ts'
import { type Row, toStored } from '../../../lib/namespace/row.ts'
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../../support/virtual-time.ts'
import { ROWS_A_PORTION, writeHead } from '../index/build.ts'
import { Keystream, pathAt, rowsOfModel, sortedModels } from '../index/data.ts'

/** An object that was there before the benchmark began. */
export interface BaseObject {
  readonly key: string
  readonly body: Uint8Array
  readonly size: number
  readonly at: number
}

export type Base = readonly BaseObject[]

/** It was written long before: a sweep that looks at what is new lists none of it. */
const AGE_MS = -30 * 86_400_000
const COMMITS = 1000
/** As `npm run bench:10m` measures it; nobody relies on it. */
const BYTES_A_ROW = 72

export async function buildBase(name: string, rows: number): Promise<Base> {
  const bucket = new MemoryBucket()
  const ambient: Ambient = new VirtualTime().ambient(AGE_MS)
  const namespace = openNamespace(new MemoryStore({ bucket, ambient }), parseNamespaceName(name), ambient)
  const shards = shardsOf(namespace, rows)
  await writeHead(
    namespace,
    rows,
    shards.map(({ ref }) => ref),
  )
  const at = ambient.now()
  const written = [...bucket.objects].map(([key, { body }]) => ({ key, body, size: body.length, at }))
  return [...written, ...shards.map(shard => new LateShard(indexKey(name, shard.ref.id), shard, at))]
}

interface Shard {
  readonly ref: IndexRef
  readonly rows: () => Row[]
}

function shardsOf(
  { name, ambient }: Pick<ReturnType<typeof openNamespace>, 'name' | 'ambient'>,
  total: number,
): Shard[] {
  const shards: Shard[] = []
  for (const model of sortedModels()) {
    const count = rowsOfModel(total, model)
    for (let start = 0; start < count; start += ROWS_A_PORTION) {
      const end = Math.min(start + ROWS_A_PORTION, count)
      const [first, last] = [start, end - 1].map(i => parsePath(pathAt(total, model, i))) as [Row['path'], Row['path']]
      const ref = { id: newId(ambient), level: 0, first, last, rows: end - start, bytes: (end - start) * BYTES_A_ROW }
      const rows = () => rowsBetween({ total, model, start, end }).map(row => ({ ...row, in: name }))
      shards.push({ ref, rows })
    }
  }
  return shards
}

function rowsBetween(of: { total: number; model: number; start: number; end: number }): Omit<Row, 'in'>[] {
  const { total, model, start, end } = of
  const random = new Keystream(`model ${model}, from ${start}`)
  return Array.from({ length: end - start }, (_, i) => {
    const at = 1_600_000_000_000 + random.below(1_000_000_000)
    const about = { path: parsePath(pathAt(total, model, start + i)), seq: 1 + random.below(COMMITS), at }
    const value = { size: 4097 + random.below(60_000), sha256: random.hex(32), object: random.id(at) }
    return { ...about, author: `poller-${model}@control-plane`, ...value }
  })
}

class LateShard implements BaseObject {
  readonly key: string
  readonly at: number
  readonly #shard: Shard
  #body: Uint8Array | undefined

  constructor(key: string, shard: Shard, at: number) {
    this.key = key
    this.at = at
    this.#shard = shard
  }

  get size(): number {
    return this.#shard.ref.bytes
  }

  get body(): Uint8Array {
    this.#body ??= encoded(this.#shard.rows())
    return this.#body
  }
}

function encoded(rows: readonly Row[]): Uint8Array {
  const namespace = rows[0]?.in as Row['in']
  const stored = rows.map(row => toStored(row, { seq: undefined, namespace }))
  return encodeIndexFile({ kind: 'rows', namespace, rows: stored })
}
