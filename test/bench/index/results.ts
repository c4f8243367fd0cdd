// What the index benchmark found, and where it is kept: test/bench/results/, as a page, a plot and the raw figures.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure, Miss } from './figures.ts'
import type { BaselineFigure } from './measure/baselines.ts'
import type { CompactionFigure } from './measure/compaction.ts'
import type { Stored } from './messages.ts'
import { plotOf } from './plot.ts'
import { markdownOf } from './report.ts'

export interface HeadFigure {
  readonly rows: number
  /** Bytes of the head, over all swaps that were seen. */
  readonly median: number
  readonly largest: number
  /** The index as it was built. */
  readonly index: Stored
}

export interface Results {
  readonly sizes: readonly number[]
  readonly figures: readonly Figure[]
  readonly heads: readonly HeadFigure[]
  readonly compactions: readonly CompactionFigure[]
  readonly baselines: readonly BaselineFigure[]
  readonly misses: readonly Miss[]
}

const BIOME = fileURLToPath(new URL('../../../node_modules/@biomejs/biome/bin/biome', import.meta.url))
const FOLDER = new URL('../results/', import.meta.url)
const HEADER = `<!-- Written by \`npm run bench:10m\`; do not edit. -->

# What the index costs

![Bytes that a 1 KiB write moves, and requests, against the rows of the namespace](index.svg)

[The raw figures](index.json).
`

export async function writeResults(results: Results): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  // Traces explain a miss on the terminal; kept, they would only be noise.
  const raw = JSON.stringify(results, (key, value) => (key === 'trace' ? undefined : value))
  const json = fileURLToPath(new URL('index.json', FOLDER))
  await writeFile(json, `${raw}\n`)
  await promisify(execFile)(process.execPath, [BIOME, 'format', '--write', json])
  await writeFile(new URL('index.md', FOLDER), `${HEADER}\n${markdownOf(results)}\n`)
  await writeFile(new URL('index.svg', FOLDER), plotOf(results))
}
