// The tables of writers at once: simulated, by the number of rows; and in real processes.
import { table } from '../report.ts'
import type { Results } from './figures.ts'
import { bytes, count, rounded, time } from './format.ts'
import type { Cell } from './matrix.ts'
import { TITLES, WAYS } from './ways.ts'

export function matrixTables({ matrix }: Results): string[] {
  const sizes = [...new Set(matrix.map(({ rows }) => rows))]
  const largest = matrix.filter(({ rows }) => rows === Math.max(...sizes))
  return [
    ...sizes.flatMap(size => [
      `### ${count(size)} rows`,
      byWriters(
        matrix.filter(({ rows }) => rows === size),
        timesOf,
      ),
    ]),
    `### Holds of the lock, ${count(Math.max(...sizes))} rows`,
    'The longest, and the median in brackets. For runlet, of the merge lease: one holder commits for all who wait, and who loses it loses nothing.',
    byWriters(largest, holdOf),
    `### Requests of one write, ${count(Math.max(...sizes))} rows`,
    'Polls for the lock, and upkeep in the background, included; the mean.',
    byWriters(largest, ({ requests }) => rounded(requests)),
    '### Bytes of one write, up and down',
    'With one writer, who writes to a small model, and with 16.',
    table(
      ['way', ...sizes.flatMap(size => [`${count(size)} rows, 1`, '16'])],
      WAYS.map(way => [
        TITLES[way],
        ...sizes.flatMap(size =>
          [1, 16].map(writers => {
            const cell = matrix.find(one => one.way === way && one.rows === size && one.writers === writers)
            return cell ? bytes(cell.bytes) : ''
          }),
        ),
      ]),
    ),
  ]
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

export function realTable(cells: readonly Cell[]): string {
  const head = ['way', 'processes', 'done', 'p50', 'p99', 'hold, p50', 'longest', 'requests a write', 'bytes a write']
  const rows = cells.map(({ way, writers, writes, done, p50, p99, holds, holdP50, holdMax, ...cell }) => [
    TITLES[way],
    String(writers),
    done < writes ? `**${done}**` : String(done),
    time(p50),
    time(p99),
    ...(holds === 0 ? ['none', 'none'] : [time(holdP50), time(holdMax)]),
    rounded(cell.requests),
    bytes(cell.bytes),
  ])
  return table(head, rows)
}
