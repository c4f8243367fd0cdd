// Makes the namespaces that the benchmark measures on. The only file of it that knows the library's inner parts: an index of ten
// million rows is written as a compaction would leave it, in bounded memory, not by ten million puts.
import { type Ambient, systemAmbient } from '../../../lib/ambient.ts'
import { parseNamespaceName, parsePath } from '../../../lib/names.ts'
import type { IndexRef } from '../../../lib/namespace/head.ts'
import { createNamespace, type OpenNamespace, openNamespace } from '../../../lib/namespace/namespace.ts'
import { newId } from '../../../lib/namespace/object-id.ts'
import { packValues } from '../../../lib/namespace/packs.ts'
import type { Row } from '../../../lib/namespace/row.ts'
import { markStore } from '../../../lib/store/format.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type BaseRow, type BaseValues, baseRows } from './data.ts'

/** Fewer than a shard may have, so that each portion becomes one whole shard. */
export const ROWS_A_PORTION = 900
const PORTIONS_AT_ONCE = 8
/** The commits that the base says it came from. */
const COMMITS = 1000

export interface Base {
  readonly namespace: string
  readonly rows: number
  readonly values: BaseValues
}

/** It was written a while ago: ids tell their age, and a sweep that looks at what is new lists none of it. */
const AGE_MS = 30 * 86_400_000
const ambient: Ambient = { ...systemAmbient, now: () => systemAmbient.now() - AGE_MS }

/** A part of the index of a base: the references to its shards, in order. */
export type Shards = readonly IndexRef[]

/** Writes the rows of some models, which follow one another in the order of paths. */
export async function buildPart(url: string, base: Base, models: readonly number[]): Promise<Shards> {
  return at(url, objects => writePart(open(objects, base, ambient), base, models))
}

/** Makes the namespace, which holds these shards in one layer, as if compacted a moment ago. */
export async function buildHead(url: string, base: Base, shards: Shards): Promise<void> {
  return at(url, objects => writeHead(open(objects, base, ambient), base.rows, shards))
}

/** The whole of it in a store that is open already, on a clock of one's own. */
export async function buildIn(objects: ObjectStore, base: Base, ambient: Ambient): Promise<void> {
  const namespace = open(objects, base, ambient)
  await writeHead(namespace, base.rows, await writePart(namespace, base, undefined))
}

const open = (objects: ObjectStore, { namespace }: Base, ambient: Ambient): OpenNamespace =>
  openNamespace(objects, parseNamespaceName(namespace), ambient)

function writePart(
  namespace: OpenNamespace,
  { rows, values }: Base,
  models: readonly number[] | undefined,
): Promise<IndexRef[]> {
  return writeShards(namespace, baseRows(rows, { models, values }))
}

export async function writeHead(namespace: OpenNamespace, rows: number, shards: Shards): Promise<void> {
  const { ambient } = namespace
  await markStore(namespace.store)
  await createNamespace(namespace)
  const files = await namespace.index.gather(namespace.name, [...shards])
  const last = { seq: COMMITS, id: newId(ambient), at: ambient.now(), author: 'bench', rows }
  await namespace.head.update(({ write: _, ...head }) => {
    if (head.seq > 0) return undefined
    const layer = { from: 1, to: COMMITS, files: [...files] }
    return { ...head, seq: COMMITS, layers: [layer], commits: [last] }
  })
}

async function at<T>(url: string, work: (objects: ObjectStore) => Promise<T>): Promise<T> {
  const objects = await openObjectStore(url, ambient, { folder: '.' })
  try {
    return await work(objects)
  } finally {
    await objects.close()
  }
}

async function writeShards(namespace: OpenNamespace, rows: Iterable<BaseRow>): Promise<IndexRef[]> {
  const shards: IndexRef[] = []
  let portions: BaseRow[][] = []
  const flush = async () => {
    const written = await Promise.all(portions.map(portion => writePortion(namespace, portion)))
    shards.push(...written.flat())
    portions = []
  }
  for (const row of rows) {
    const portion = portions.at(-1)
    if (portion && portion.length < ROWS_A_PORTION) {
      portion.push(row)
      continue
    }
    if (portions.length === PORTIONS_AT_ONCE) await flush()
    portions.push([row])
  }
  await flush()
  return shards
}

/** A shard, and the pack of those of its values that are really there. */
async function writePortion(namespace: OpenNamespace, portion: readonly BaseRow[]): Promise<IndexRef[]> {
  const rows = portion.map(({ value, path, ...row }): Row => {
    const about = { ...row, path: parsePath(path), in: namespace.name }
    return 'real' in value ? { ...about, value: Buffer.from(value.real).toString('base64') } : { ...about, ...value }
  })
  const packed = packValues(namespace, rows, 0)
  const [refs] = await Promise.all([namespace.index.write(namespace.name, packed.rows, undefined), packed.stored])
  return refs
}
