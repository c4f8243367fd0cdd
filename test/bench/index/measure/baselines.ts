// The same write as tools do it today, by a new process: with the whole index under one lock, and with one index file for each
// model. What a baseline cannot do is said with the reason, never guessed.
import { constants } from 'node:buffer'
import type { Bucket } from '../bucket.ts'
import { BIG_MODEL, pathOf, rowsOfModel, SMALL_MODEL } from '../data.ts'
import type { Cost } from '../messages.ts'

export interface BaselineFigure {
  readonly what: string
  readonly rows: number
  /** Rows in the one index file that a write pulls and pushes. */
  readonly indexRows: number
  readonly cost: (Cost & { readonly peakBytes: number }) | undefined
  /** Why there is no cost. */
  readonly impossible?: string
}

const WAYS = [
  { what: 'whole index under one lock', model: undefined },
  { what: 'one index per model, small model', model: SMALL_MODEL },
  { what: 'one index per model, big model', model: BIG_MODEL },
] as const

const VERSION = 60_000

export async function measureBaselines(bucket: Bucket, sizes: readonly number[]): Promise<BaselineFigure[]> {
  const figures: BaselineFigure[] = []
  for (const { what, model } of WAYS) {
    let bytesARow = 0
    for (const rows of sizes) {
      const indexRows = model === undefined ? rows : rowsOfModel(rows, model)
      const impossible = tooLarge(indexRows * bytesARow)
      if (impossible) {
        figures.push({ what, rows, indexRows, cost: undefined, impossible })
        continue
      }
      const { all } = await bucket.measure({ kind: 'prepare locked index', rows, model })
      bytesARow = all.bytesUp / indexRows
      figures.push({ what, rows, indexRows, cost: await put(bucket, model) })
    }
  }
  return figures
}

/** An index is one JSON text, and so a string; V8 has none longer. */
function tooLarge(bytes: number): string | undefined {
  if (bytes <= constants.MAX_STRING_LENGTH) return undefined
  const mebibytes = (value: number) => `${Math.round(value / 1024 / 1024).toLocaleString('en-US')} MiB`
  return `not possible: the index would be ${mebibytes(bytes)} of JSON, and a string of V8 ends at ${mebibytes(constants.MAX_STRING_LENGTH)}`
}

async function put(bucket: Bucket, model: number | undefined): Promise<BaselineFigure['cost']> {
  const path = pathOf(model ?? SMALL_MODEL, 0, VERSION)
  const { all, peakBytes } = await bucket.measure({ kind: 'locked put', model, path })
  return { ...all, peakBytes }
}
