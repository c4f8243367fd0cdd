// The tables of the index benchmark, in markdown.
import { format, table } from '../report.ts'
import {
  amountOf,
  type Figure,
  growthOf,
  type JudgedMeasure,
  type Measure,
  medianOf,
  missesOf,
  OPERATIONS,
  type Operation,
  type OperationName,
  worstOf,
} from './figures.ts'
import type { Results } from './results.ts'

const SMALLER = 262_000
const LARGER = 10_000_000

export function markdownOf(results: Results): string {
  const { misses } = results
  return [
    '## Index',
    'Each operation by a process of its own, through the AWS SDK, on a namespace that was built with so many rows and then took 300 ' +
      'commits and 12 folds. A cell is the median, and the worst in brackets where it differs; the worst is judged. What an ' +
      'operation made and waited for itself is counted; its share of the upkeep in the background stands in a table of its own.',
    section('Requests', requests(results)),
    section('Bytes up and down', bytes(results)),
    section('Peak memory of the process', memory(results)),
    LISTINGS,
    section('Upkeep in the background, for each operation', upkeep(results)),
    section('Listing', listings(results)),
    section('The head and the index', heads(results)),
    ...besides(results),
    misses.length === 0 ? 'All targets are met.' : `Missed:\n\n${misses.map(({ text }) => `- ${text}`).join('\n')}`,
  ].join('\n\n')
}

/** What is not measured each time. */
function besides(results: Results): string[] {
  const [compaction] = results.compactions
  if (!compaction) return []
  return [
    section(`Compaction of ${number(compaction.rows)} rows after 1,000 commits`, compactions(results)),
    section("The same 1 KiB write as today's tools do it", baselines(results)),
  ]
}

const LISTINGS =
  'A model has more rows in a larger namespace, so the requests and bytes of a listing of a small one are judged a row, and its memory is ' +
  'not judged: it keeps 8 MiB of decoded shards, however many rows pass, and on top of that what V8 lets the heap grow to before it collects.'

const section = (title: string, body: string): string => `### ${title}\n\n${body}`
export const number = (value: number): string => value.toLocaleString('en-US')
const MIB = 1024 * 1024
const kib = (value: number): string =>
  value < 10 * MIB
    ? format(Math.round(value), 'bytes')
    : `${(value / MIB).toLocaleString('en-US', { maximumFractionDigits: 1 })} MiB`
export const megabytes = (value: number): string => `${Math.round(value / 1e6)} MB`
const rounded = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 2 })

interface Column {
  readonly measure: Measure
  readonly show: (value: number) => string
}

const names = Object.keys(OPERATIONS) as OperationName[]

function find({ figures }: Results, operation: OperationName, rows: number): Figure | undefined {
  return figures.find(figure => figure.operation === operation && figure.rows === rows)
}

function cell(figure: Figure, { measure, show }: Column): string {
  const [median, worst] = [show(medianOf(figure, measure)), show(amountOf(worstOf(figure, measure), measure))]
  return median === worst ? median : `${median} (${worst})`
}

/** One line an operation, one column a size, and its growth, target and verdict. */
function byOperation(
  results: Results,
  columns: readonly Column[],
  about: (operation: OperationName) => readonly string[],
  more: readonly string[],
): string {
  const seen = names.filter(operation => results.figures.some(figure => figure.operation === operation))
  const rows = seen.map(operation => {
    const cells = results.sizes.map(size => {
      const figure = find(results, operation, size)
      if (!figure) return ''
      return columns.map(column => cell(figure, column)).join(' / ')
    })
    return [OPERATIONS[operation].title, ...cells, ...about(operation)]
  })
  return table(['operation', ...results.sizes.map(size => `${number(size)} rows`), ...more], rows)
}

function growth(results: Results, operation: OperationName, measure: JudgedMeasure): string {
  const [small, large] = [find(results, operation, SMALLER), find(results, operation, LARGER)]
  if (!small || !large) return ''
  const times = growthOf(small, large, measure)
  if (times === undefined) return 'may grow'
  return `${rounded(times)}${OPERATIONS[operation].growth === 'per row' ? ' a row' : ''}`
}

function verdict(results: Results, operation: OperationName, measures: readonly Measure[]): string[] {
  const { target = {} }: Operation = OPERATIONS[operation]
  const limits = measures.filter(measure => target[measure] !== undefined)
  if (limits.length === 0) return ['', '']
  const words: Record<Measure, string> = { requests: '', bytesUp: ' up', bytesDown: ' down', bytes: '', peakBytes: '' }
  const said = limits.map(measure => {
    const limit = target[measure] ?? 0
    const text = measure === 'requests' ? String(limit) : measure === 'peakBytes' ? megabytes(limit) : kib(limit)
    return `${text}${words[measure]}`
  })
  const isMissed = results.sizes.some(size => {
    const figure = find(results, operation, size)
    const only = Object.fromEntries(limits.map(measure => [measure, target[measure]]))
    return figure && missesOf(figure, only).length > 0
  })
  return [`≤ ${said.join(', ')}`, isMissed ? '**missed**' : 'met']
}

const GROWN = '10,000,000 : 262,000'
const grown = ({ sizes }: Results): string[] => (sizes.includes(LARGER) ? [GROWN] : [])

function requests(results: Results): string {
  const about = (operation: OperationName) => [
    ...grown(results).map(() => growth(results, operation, 'requests')),
    ...verdict(results, operation, ['requests']),
  ]
  const columns: Column[] = [{ measure: 'requests', show: number }]
  return byOperation(results, columns, about, [...grown(results), 'target', ''])
}

function bytes(results: Results): string {
  const about = (operation: OperationName) => [
    ...grown(results).map(() => growth(results, operation, 'bytes')),
    ...verdict(results, operation, ['bytesUp', 'bytesDown', 'bytes']),
  ]
  const columns: Column[] = [
    { measure: 'bytesUp', show: kib },
    { measure: 'bytesDown', show: kib },
  ]
  return byOperation(results, columns, about, [...grown(results), 'target', ''])
}

function memory(results: Results): string {
  const columns: Column[] = [{ measure: 'peakBytes', show: megabytes }]
  const about = (operation: OperationName) => [
    ...grown(results).map(() => growth(results, operation, 'peakBytes')),
    ...verdict(results, operation, ['peakBytes']),
  ]
  return byOperation(results, columns, about, [...grown(results), 'target', ''])
}

function upkeep(results: Results): string {
  const written = names.filter(name => /^(put|fork)/.test(name))
  const rows = written.map(operation => {
    const cells = results.sizes.map(size => {
      const { upkeep = { requests: 0, bytesUp: 0, bytesDown: 0 } } = find(results, operation, size) ?? {}
      return `${rounded(upkeep.requests)} requests, ${kib(upkeep.bytesUp)} / ${kib(upkeep.bytesDown)}`
    })
    return [OPERATIONS[operation].title, ...cells]
  })
  return table(['operation, mean', ...results.sizes.map(size => `${number(size)} rows`)], rows)
}

function listings(results: Results): string {
  const rows = (['list small', 'list big'] as const).map(operation => {
    const cells = results.sizes.map(size => {
      const figure = find(results, operation, size)
      if (!figure) return ''
      const [requests, down] = [
        amountOf(worstOf(figure, 'requests'), 'requests'),
        amountOf(worstOf(figure, 'bytes'), 'bytes'),
      ]
      const perThousand = rounded((requests / figure.about) * 1000)
      return `${number(figure.about)} rows: ${perThousand} requests a thousand, ${rounded(down / figure.about)} bytes a row`
    })
    return [OPERATIONS[operation].title, ...cells]
  })
  return table(['operation', ...results.sizes.map(size => `${number(size)} rows`)], rows)
}

function heads({ heads }: Results): string {
  const rows = heads.map(({ rows, median, largest, index }) => {
    return [
      number(rows),
      kib(median),
      kib(largest),
      number(index.objects),
      kib(index.bytes),
      rounded(index.bytes / rows),
    ]
  })
  return table(['rows', 'head, median', 'head, largest', 'index files', 'index', 'bytes a row'], rows)
}

function compactions({ compactions }: Results): string {
  const rows = compactions.map(one => {
    const { bystander } = one
    return [
      one.what,
      kib(one.wholeIndex),
      `${number(one.upkeep.requests)} requests, ${kib(one.upkeep.bytesUp)} / ${kib(one.upkeep.bytesDown)}`,
      `${number(one.compaction.requests)} requests, ${kib(one.compaction.bytesUp)} / ${kib(one.compaction.bytesDown)}`,
      `${kib(one.written)}, ${Math.round((100 * one.written) / one.wholeIndex)}% of the index`,
      `${megabytes(one.writerPeakBytes)}, ${megabytes(one.compactionPeakBytes)}`,
      `${bystander.requests} requests, ${kib(bystander.bytes)}, ${number(Math.round(bystander.ms))} ms (of ${number(bystander.puts)})`,
    ]
  })
  const head = [
    '1,000 commits',
    'whole index',
    'upkeep meanwhile',
    'compaction after',
    'index files and packs written',
    'peak memory',
    'worst put beside',
  ]
  return table(head, rows)
}

function baselines(results: Results): string {
  const lines = results.baselines.map(({ what, rows, cost, impossible }) => {
    if (!cost) return [number(rows), `${what}: ${impossible ?? ''}`, '', '', '', '']
    return [
      number(rows),
      what,
      number(cost.requests),
      kib(cost.bytesUp),
      kib(cost.bytesDown),
      megabytes(cost.peakBytes),
    ]
  })
  const own = results.sizes.flatMap(size =>
    (['put new small', 'put new big'] as const).map(operation => {
      const figure = find(results, operation, size)
      const worst = (measure: Measure) => (figure ? amountOf(worstOf(figure, measure), measure) : 0)
      const what = `runlet, ${operation.endsWith('big') ? 'big' : 'small'} model, worst`
      return [
        number(size),
        what,
        number(worst('requests')),
        kib(worst('bytesUp')),
        kib(worst('bytesDown')),
        megabytes(worst('peakBytes')),
      ]
    }),
  )
  const size = ([rows = '']: readonly string[]) => Number(rows.replaceAll(',', ''))
  const sorted = [...lines, ...own].sort((a, b) => size(a) - size(b))
  return table(['rows', 'way', 'requests', 'up', 'down', 'peak memory'], sorted)
}
