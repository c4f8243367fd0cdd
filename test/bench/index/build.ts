// Makes the namespaces that the benchmark measures on. The only file of it that knows the library's inner parts: an index of ten
// million rows is written as a compaction would leave it, in bounded memory, not by ten million puts.
import { createHash } from 'node:crypto'
import { systemAmbient } from '../../../lib/ambient.ts'
import { parseNamespaceName, parsePath } from '../../../lib/names.ts'
import type { IndexRef } from '../../../lib/namespace/head.ts'
import { packKey } from '../../../lib/namespace/keys.ts'
import { createNamespace, type OpenNamespace, openNamespace } from '../../../lib/namespace/namespace.ts'
import { newId } from '../../../lib/namespace/object-id.ts'
import type { Row } from '../../../lib/namespace/row.ts'
import { markStore } from '../../../lib/store/format.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { type BaseRow, baseRows } from './data.ts'

/** Fewer than a shard may have, so that each portion becomes one whole shard. */
const ROWS_A_PORTION = 900
const PORTIONS_AT_ONCE = 8
/** The commits that the base says it came from. */
const COMMITS = 1000

/** A namespace that holds `rows` rows in one complete layer, as if compacted a moment ago. */
export async function buildBase(url: string, name: string, rows: number): Promise<void> {
  const objects = await openObjectStore(url, systemAmbient, { folder: '.' })
  const namespace = openNamespace(objects, parseNamespaceName(name), systemAmbient)
  await markStore(objects)
  await createNamespace(namespace)
  const values = new RealValues(namespace)
  const shards = await writeShards(namespace, rows, values)
  await values.store()
  const files = await namespace.index.gather(namespace.name, shards)
  const last = { seq: COMMITS, id: newId(systemAmbient), at: systemAmbient.now(), author: 'bench', rows }
  await namespace.head.update(({ write: _, ...head }) => {
    if (head.seq > 0) return undefined
    return {
      ...head,
      seq: COMMITS,
      layers: [{ from: 1, to: COMMITS, complete: true, files: [...files] }],
      commits: [last],
    }
  })
  await objects.close()
}

async function writeShards(namespace: OpenNamespace, rows: number, values: RealValues): Promise<IndexRef[]> {
  const shards: IndexRef[] = []
  let portions: Row[][] = []
  const flush = async () => {
    const written = await Promise.all(
      portions.map(portion => namespace.index.write(namespace.name, portion, undefined)),
    )
    shards.push(...written.flat())
    portions = []
  }
  for (const row of baseRows(rows)) {
    const portion = portions.at(-1)
    if (portion && portion.length < ROWS_A_PORTION) {
      portion.push(asRow(row, namespace, values))
      continue
    }
    if (portions.length === PORTIONS_AT_ONCE) await flush()
    portions.push([asRow(row, namespace, values)])
  }
  await flush()
  return shards
}

function asRow({ value, ...row }: BaseRow, namespace: OpenNamespace, values: RealValues): Row {
  const place = 'real' in value ? { pack: values.add(value.real) } : value
  return { ...row, path: parsePath(row.path), in: namespace.name, ...place }
}

/** The values that are really there: one pack of them. */
class RealValues {
  readonly #namespace: OpenNamespace
  readonly #id: string
  readonly #parts: Buffer[] = []
  #size = 0

  constructor(namespace: OpenNamespace) {
    this.#namespace = namespace
    this.#id = `000000000-${createHash('md5').update(namespace.name).digest('hex').slice(0, 16)}`
  }

  /** The pack and the offset of the value in it. */
  add(value: string): [string, number] {
    const offset = this.#size
    this.#parts.push(Buffer.from(value))
    this.#size += value.length
    return [this.#id, offset]
  }

  async store(): Promise<void> {
    await this.#namespace.store.put(packKey(this.#namespace.name, this.#id), Buffer.concat(this.#parts))
  }
}
