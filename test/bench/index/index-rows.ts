// The rows of the benchmark (data.ts) as the index files of today's tools have them: entries of a JSON object.
import type { IndexRow } from '../locked-index.ts'
import { baseRows } from './data.ts'

/** All of them, or those of one model. */
export function* indexRows(total: number, model?: number): Generator<[string, IndexRow]> {
  for (const { path, size, sha256, seq, author, at } of baseRows(
    total,
    model === undefined ? {} : { models: [model] },
  )) {
    yield [path, { size, sha256, version: seq, author, modifiedAt: new Date(at).toISOString() }]
  }
}
