// The tables of writers at once, by the number of rows: simulated, or in real processes.
import { table } from '../report.ts'
import { bytes, count, rounded, time } from './format.ts'
import type { Cell } from './matrix.ts'
import { TITLES, WAYS, type WayName } from './ways.ts'

/** `depth`: of the headings; `counted`: what is in requests and bytes. */
export function writerTables(cells: readonly Cell[], depth: '###' | '####', counted: string): string[] {
  const sizes = [...new Set(cells.map(({ rows }) => rows))]
  const most = Math.max(...sizes)
  const largest = cells.filter(({ rows }) => rows === most)
  return [
    ...sizes.flatMap(size => [
      `${depth} ${count(size)} rows`,
      byWriters(
        cells.filter(({ rows }) => rows === size),
        timesOf,
      ),
    ]),
    `${depth} Holds of the lock, ${count(most)} rows`,
    'The longest, and the median in brackets. For runlet, of the merge lease: one holder commits for all who wait, and who loses it loses nothing.',
    byWriters(largest, holdOf),
    `${depth} Requests of one write, ${count(most)} rows`,
    `${counted}; the mean.`,
    byWriters(largest, ({ requests }) => rounded(requests)),
    `${depth} Bytes of one write, up and down`,
    'With one writer, who writes to a small model, and with 16.',
    bytesTable(cells, sizes),
  ]
}

function bytesTable(cells: readonly Cell[], sizes: readonly number[]): string {
  const bytesOf = (way: WayName, size: number, writers: number) => {
    const cell = cells.find(one => one.way === way && one.rows === size && one.writers === writers)
    return cell ? bytes(cell.bytes) : ''
  }
  return table(
    ['way', ...sizes.flatMap(size => [`${count(size)} rows, 1`, '16'])],
    WAYS.map(way => [TITLES[way], ...sizes.flatMap(size => [bytesOf(way, size, 1), bytesOf(way, size, 16)])]),
  )
}

function byWriters(cells: readonly Cell[], show: (cell: Cell) => string): string {
  const writers = [...new Set(cells.map(cell => cell.writers))]
  const head = writers.map(one => (one === 1 ? '1 writer' : String(one)))
  return table(
    ['way', ...head],
    WAYS.map(way => [TITLES[way], ...cells.filter(cell => cell.way === way).map(show)]),
  )
}

function timesOf({ p50, p99, done, writes }: Cell): string {
  return `${time(p50)} / ${time(p99)}${done < writes ? `, **${done} of ${writes}**` : ''}`
}

const holdOf = ({ holds, holdP50, holdMax }: Cell): string =>
  holds === 0 ? 'none' : `${time(holdMax)} (${time(holdP50)})`
