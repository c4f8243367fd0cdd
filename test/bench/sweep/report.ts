// The tables of the sweep benchmark, in markdown.
import { megabytes, number } from '../index/report.ts'
import { format, table } from '../report.ts'
import {
  amountOf,
  type Figure,
  LARGE,
  type Miss,
  MOST_GROWTH,
  OPERATIONS,
  type OperationName,
  operationOf,
  rounded,
} from './figures.ts'

export interface SweepResults {
  readonly sizes: readonly number[]
  readonly figures: readonly Figure[]
  readonly misses: readonly Miss[]
}

export function markdownOf(results: SweepResults): string {
  const { misses } = results
  return [
    '## Sweep and retention',
    'Each by a process of its own, through the AWS SDK; all that arrives at the server is counted. The store has a clock that is put ' +
      'forward, so that the grace period of an hour is the default one. Seven rows have values of 5 KiB; "both sweeps" are the one ' +
      'that finds what nobody needs any more, and the one that deletes it a grace period later.',
    section('What happened to a few rows, against all rows', growing(results)),
    section('Runs by the thousand, and retention', large(results)),
    misses.length === 0 ? 'All targets are met.' : `Missed:\n\n${misses.map(({ text }) => `- ${text}`).join('\n')}`,
  ].join('\n\n')
}

const section = (title: string, body: string): string => `### ${title}\n\n${body}`
const bytes = (value: number): string => format(Math.round(value), 'bytes')
const names = (operations: object) => Object.keys(operations) as OperationName[]

/** One line for each operation: its cost at each size, and its growth. */
function growing({ sizes, figures, misses }: SweepResults): string {
  const lines = names(OPERATIONS).flatMap(operation => {
    const found = sizes.flatMap(rows => figures.filter(one => one.operation === operation && one.rows === rows))
    const [first, last] = [found[0], found.at(-1)]
    if (!first || !last) return []
    const { title, growth } = operationOf(operation)
    const grown = (measure: 'requests' | 'bytes') => rounded(amountOf(last, measure) / amountOf(first, measure))
    const limit = { flat: `≤ ${MOST_GROWTH}`, shards: `≤ ${MOST_GROWTH} requests`, free: 'may grow' }[growth]
    return [[title, ...found.map(costOf), `${grown('requests')} / ${grown('bytes')}`, limit, ...judged(found, misses)]]
  })
  const head = ['operation', ...sizes.map(size => `${number(size)} rows`), 'growth: requests / bytes', '', 'target', '']
  return table(head, lines)
}

function large({ figures, misses }: SweepResults): string {
  const lines = figures
    .filter(({ operation }) => operation in LARGE)
    .map(figure => {
      const { operation, rows, units, removed, peakBytes } = figure
      const each = units === 1 ? '' : rounded(amountOf(figure, 'requests'))
      const deleted = removed.objects === 0 ? '' : `${number(removed.objects)}, ${bytes(removed.bytes)}`
      const { title } = operationOf(operation)
      return [title, number(rows), costOf(figure), each, deleted, megabytes(peakBytes), ...judged([figure], misses)]
    })
  const head = [
    'operation',
    'rows',
    'requests, up / down',
    'requests each',
    'objects deleted',
    'peak memory',
    'target',
    '',
  ]
  return table(head, lines)
}

const costOf = ({ cost }: Figure): string =>
  `${number(cost.requests)}, ${bytes(cost.bytesUp)} / ${bytes(cost.bytesDown)}`

function judged(figures: readonly Figure[], misses: readonly Miss[]): string[] {
  const [figure] = figures as [Figure]
  const { title, target } = operationOf(figure.operation)
  const { requests, peakBytes } = target
  const each = figure.units > 1 ? ' each' : ''
  const limits = [
    ...(requests === undefined ? [] : [`${requests} requests${each}`]),
    ...(target.bytes === undefined ? [] : [bytes(target.bytes)]),
    ...(peakBytes === undefined ? [] : [megabytes(peakBytes)]),
  ]
  if (limits.length === 0) return ['', '']
  return [`≤ ${limits.join(', ')}`, misses.some(({ text }) => text.startsWith(title)) ? '**missed**' : 'met']
}
