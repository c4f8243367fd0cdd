// What the swamp benchmark found: a page of tables, and where it is kept (test/bench/results/).
import { mkdir, writeFile } from 'node:fs/promises'
import type { Cost } from '../index/messages.ts'
import { format, judgedTable, type Line, table } from '../report.ts'

/** Processes that did the same at once, each for itself. */
export interface Crowd {
  readonly what: string
  readonly processes: number
  readonly succeeded: number
  readonly failures: readonly string[]
  readonly costs: readonly Cost[]
  /** Of each, in milliseconds. */
  readonly took: readonly number[]
}

export interface SwampResults {
  readonly rows: number
  /** Of single processes, judged. */
  readonly lines: readonly Line[]
  readonly crowds: readonly Crowd[]
}

const FOLDER = new URL('../results/', import.meta.url)
const HEADER = `<!-- Written by \`npm run bench -- swamp --write\`; do not edit. -->

# What swamp on runlet costs
`

export async function writeSwampResults(results: SwampResults): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(new URL('swamp.md', FOLDER), `${HEADER}\n${markdownOf(results)}\n`)
}

export function markdownOf({ rows, lines, crowds }: SwampResults): string {
  const size = rows.toLocaleString('en-US')
  return [
    `A namespace of ${size} objects, on the S3 test server with 5 ms for each request, on this machine's cores. Every process is new, and knows nothing of the store's index (RUNLET_CACHE is empty).`,
    judgedTable(lines),
    'Many at once, each pushing one file of 1 KiB from an empty cache of its own; the costs are those of each process:',
    table(HEAD, crowds.map(rowOf)),
  ].join('\n\n')
}

const HEAD = [
  'what',
  'processes',
  'succeeded',
  'requests (median)',
  '(most)',
  'bytes (median)',
  '(most)',
  'ms (median)',
  '(most)',
]

function rowOf({ what, processes, succeeded, costs, took }: Crowd): string[] {
  const requests = costs.map(cost => cost.requests)
  const bytes = costs.map(bytesOf)
  const shown = (values: readonly number[], as: (value: number) => string) => [
    as(medianOf(values)),
    as(Math.max(...values)),
  ]
  return [
    what,
    String(processes),
    String(succeeded),
    ...shown(requests, String),
    ...shown(bytes, value => format(value, 'bytes')),
    ...shown(took, value => String(Math.round(value))),
  ]
}

export const bytesOf = ({ bytesUp, bytesDown }: Cost): number => bytesUp + bytesDown

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}
