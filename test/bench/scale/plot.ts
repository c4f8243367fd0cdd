// The plot of the scale benchmark as an SVG, light and dark: how long folds at once take, folds at so many runs a day, and how many commits a
// second direct writers reach; each also on a store that allows one write a second to the same key.
import { STYLE } from '../index/plot.ts'
import { type Panel, panelOf, type Series } from '../index/plot-panel.ts'
import type { ScaleResults } from './figures.ts'

const WIDTH = 1120
const HEIGHT = 400
const SECONDS = 1000

export function plotOf(results: ScaleResults): string {
  const panels = [foldsPanel(results), daysPanel(results), writersPanel(results)]
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="How long folds take, and how many commits a second there are, at which load">`,
    `<style>${STYLE}\n</style>`,
    ...panels.map(panelOf),
    '</svg>',
  ].join('\n')}\n`
}

type Point = Series['points'][number]

const series = (label: string, color: number, points: readonly Point[]): Series => {
  return { label, note: '', color, points: points.toSorted((a, b) => a.rows - b.rows) }
}

const seconds = (value: number): string => `${value} s`
const isPaced = ({ writesASecond }: { writesASecond?: number | undefined }): boolean => writesASecond !== undefined

function foldsPanel({ folds }: ScaleResults): Panel {
  const last = (paced: boolean) =>
    folds.filter(one => isPaced(one) === paced).map(one => ({ rows: one.folds, value: one.ms.max / SECONDS }))
  return {
    title: 'The last of so many folds at once',
    sizes: [...new Set(folds.map(one => one.folds))].sort((a, b) => a - b),
    across: 'folds at once',
    left: 50,
    width: 190,
    scale: 'linear',
    format: seconds,
    series: [series('80 ms', 0, last(false)), series('1 write/s a key', 1, last(true))],
  }
}

function daysPanel({ days }: ScaleResults): Panel {
  const of = (paced: boolean, part: 'p50' | 'p99') =>
    days
      .filter(one => isPaced(one) === paced)
      .map(one => ({ rows: one.runsADay, value: one.operations.fold.ms[part] / SECONDS }))
  return {
    title: 'A fold, at so many runs a day',
    sizes: [...new Set(days.map(one => one.runsADay))].sort((a, b) => a - b),
    across: 'runs a day',
    left: 430,
    width: 190,
    scale: 'linear',
    format: seconds,
    series: [
      series('p50', 4, of(false, 'p50')),
      series('p99', 0, of(false, 'p99')),
      series('p50, 1 write/s', 2, of(true, 'p50')),
      series('p99, 1 write/s', 1, of(true, 'p99')),
    ],
  }
}

function writersPanel({ writers }: ScaleResults): Panel {
  const of = (roundTripMs: number, paced: boolean) =>
    writers
      .filter(one => one.roundTripMs === roundTripMs && isPaced(one) === paced)
      .map(one => ({ rows: one.writers, value: one.commitsASecond }))
  return {
    title: 'Commits a second of direct writers',
    sizes: [...new Set(writers.map(one => one.writers))].sort((a, b) => a - b),
    across: 'processes that write without a pause',
    left: 800,
    width: 170,
    scale: 'linear',
    format: String,
    series: [
      series('15 ms', 3, of(15, false)),
      series('80 ms', 0, of(80, false)),
      series('80 ms, 1 write/s', 1, of(80, true)),
    ],
  }
}
