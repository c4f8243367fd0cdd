// What lies in the bucket before anything is measured: for runlet a namespace of so many rows, built once and shared by all that is
// simulated on it; for today's tools index files that weigh what those rows weigh as JSON.
import { MemoryBucket, MemoryStore } from '../../../lib/store/memory/memory-store.ts'
import { VirtualTime } from '../../support/virtual-time.ts'
import { buildIn } from '../index/build.ts'
import { MODELS } from '../index/data.ts'
import { indexRows } from '../index/index-rows.ts'
import { prepare } from '../locked-index.ts'
import type { Contents } from './network.ts'
import { type LockedWay, lockedIndexesOf, PARENT } from './ways.ts'

/** It was written a while ago: a sweep that looks at what is new finds none of it. */
const AGE_MS = 30 * 86_400_000

/** The rows of one size, for all ways. */
export class Base {
  readonly rows: number
  readonly #runlet: Contents
  /** Of the index file of each model. */
  readonly #modelBytes: readonly number[]

  private constructor(rows: number, runlet: Contents, modelBytes: readonly number[]) {
    this.rows = rows
    this.#runlet = runlet
    this.#modelBytes = modelBytes
  }

  static async build(rows: number): Promise<Base> {
    const bucket = new MemoryBucket()
    const ambient = new VirtualTime().ambient(-AGE_MS)
    const objects = new MemoryStore({ bucket, ambient })
    await buildIn(objects, { namespace: PARENT, rows, values: 'objects' }, ambient)
    const runlet = { objects: bucket.objects, lastEtag: bucket.nextEtag(), weights: new Map() }
    return new Base(
      rows,
      runlet,
      Array.from({ length: MODELS }, (_, model) => bytesOfModel(rows, model)),
    )
  }

  /** The whole index as today's tools have it. */
  get indexBytes(): number {
    return this.#modelBytes.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** The index as runlet has it. */
  get runletBytes(): number {
    return [...this.#runlet.objects.values()].reduce((sum, { body }) => sum + body.length, 0)
  }

  get runlet(): Contents {
    return this.#runlet
  }

  /** The index files of one of today's ways; `indexBytes`: what all rows are to weigh, if not what they do. */
  async locked(way: LockedWay, indexBytes = this.indexBytes): Promise<Contents> {
    const bucket = new MemoryBucket()
    const store = new MemoryStore({ bucket })
    const scale = indexBytes / this.indexBytes
    const weights = new Map<string, number>()
    for (const { at, model, every } of lockedIndexesOf(way)) {
      const bytes = model === undefined ? this.indexBytes / every : (this.#modelBytes[model] ?? 0)
      await prepare(store, at, [])
      weights.set(at.index, Math.round(bytes * scale))
    }
    return { objects: bucket.objects, lastEtag: bucket.nextEtag(), weights }
  }
}

/** `"path":{…},` for each row. */
function bytesOfModel(rows: number, model: number): number {
  let bytes = 0
  for (const [path, row] of indexRows(rows, model))
    bytes += JSON.stringify(path).length + JSON.stringify(row).length + 2
  return bytes
}
