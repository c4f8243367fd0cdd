// The plot of the scale benchmark as an SVG, light and dark: how long folds at once take, folds at so many runs a day, and how many commits a
// second direct writers reach; each also on a store that allows one write a second to the same key.
import { framed } from '../index/plot-frame.ts'
import { type Panel, panelOf, type Series } from '../index/plot-panel.ts'
import type { ScaleResults } from './figures.ts'

const FRAME = {
  width: 1120,
  height: 400,
  label: 'How long folds take, and how many commits a second there are, at which load',
}
const SECONDS = 1000

export function plotOf(results: ScaleResults): string {
  const panels = [foldsPanel(results), daysPanel(results), writersPanel(results)]
  return framed(FRAME, panels.map(panelOf))
}

type Point = Series['points'][number]

const series = (label: string, color: number, points: readonly Point[]): Series => {
  return { label, note: '', color, points: points.toSorted((a, b) => a.at - b.at) }
}

const seconds = (value: number): string => `${value} s`
const isPaced = ({ writesASecond }: { writesASecond?: number | undefined }): boolean => writesASecond !== undefined

function foldsPanel({ folds }: ScaleResults): Panel {
  const last = (paced: boolean) =>
    folds.filter(one => isPaced(one) === paced).map(one => ({ at: one.folds, value: one.ms.max / SECONDS }))
  return {
    title: 'The last of so many folds at once',
    across: { title: 'folds at once', ticks: [...new Set(folds.map(one => one.folds))].sort((a, b) => a - b) },
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
      .map(one => ({ at: one.runsADay, value: one.operations.fold.ms[part] / SECONDS }))
  return {
    title: 'A fold, at so many runs a day',
    across: { title: 'runs a day', ticks: [...new Set(days.map(one => one.runsADay))].sort((a, b) => a - b) },
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
      .map(one => ({ at: one.writers, value: one.commitsASecond }))
  return {
    title: 'Commits a second of direct writers',
    across: {
      title: 'processes that write without a pause',
      ticks: [...new Set(writers.map(one => one.writers))].sort((a, b) => a - b),
    },
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
