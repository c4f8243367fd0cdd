// The plots of the comparison: writers at once, and a day.
import { framed } from '../index/plot-frame.ts'
import { type Panel, panelOf, type Series, text } from '../index/plot-panel.ts'
import { BAR_STEP, BARS_TOP, type Bar, barsOf } from './bars.ts'
import type { DayFigures, Results } from './figures.ts'
import { dollars, percent, time } from './format.ts'
import type { Cell } from './matrix.ts'
import { TITLES, WAYS, type WayName } from './ways.ts'

const COLORS: Readonly<Record<WayName, number>> = { whole: 1, namespaces: 2, models: 3, direct: 0, runs: 4 }
const WRITERS = 16

/** `where`: on what the cells were measured. */
export function writersPlot(matrix: readonly Cell[], where: string): string {
  const largest = Math.max(...matrix.map(({ rows }) => rows))
  const at = (of: (cell: Cell) => boolean, across: (cell: Cell) => number): Series[] =>
    WAYS.map(way => {
      const cells = matrix.filter(cell => cell.way === way && of(cell))
      const { writers, writes, done } = cells.at(-1) as Cell
      return {
        label: TITLES[way],
        note: done < writes ? `of ${writers} writers, ${percent(1 - done / writes)} gave up` : '',
        color: COLORS[way],
        points: cells.map(cell => ({ at: across(cell), value: cell.p99 })),
      }
    })
  const byWriters = at(
    ({ rows }) => rows === largest,
    ({ writers }) => writers,
  )
  const byRows = at(
    ({ writers }) => writers === WRITERS,
    ({ rows }) => rows,
  )
  const panel = (title: string, across: Panel['across'], left: number, series: readonly Series[]): Panel => {
    return { title, across, left, width: 200, scale: 'log', format: time, series }
  }
  return framed(
    { width: 1000, height: 400, label: `p99 of a write by five ways, against writers and against rows, ${where}` },
    [
      panelOf(
        panel(
          `p99, ${largest.toLocaleString('en-US')} rows, ${where}`,
          { title: 'writers at once', ticks: ticksOf(byWriters) },
          60,
          byWriters,
        ),
      ),
      panelOf(
        panel(
          `p99, ${WRITERS} writers at once, ${where}`,
          { title: 'rows in the index', ticks: ticksOf(byRows) },
          560,
          byRows,
        ),
      ),
    ],
  )
}

const ticksOf = (series: readonly Series[]): number[] => series[0]?.points.map(({ at }) => at) ?? []

export function dayPlot({ days }: Results): string {
  const reported = days.filter(({ network }) => network === 'reported')
  const region = days.filter(({ network }) => network === 'region')
  const bars = (
    all: readonly DayFigures[],
    value: (day: DayFigures) => number,
    show: (value: number) => string,
  ): Bar[] => all.map(day => ({ value: value(day), shown: show(value(day)), color: COLORS[day.way] }))
  const panels = [
    { title: 'Done, reported link', bars: bars(reported, ({ done, due }) => done / due, percent) },
    { title: 'p99, in region', bars: bars(region, ({ p99 }) => p99, time) },
    { title: '$ a month, in region', bars: bars(region, ({ bill }) => bill.inRegion, dollars) },
    { title: '$ a month, with egress', bars: bars(region, ({ bill }) => bill.withEgress, dollars) },
  ]
  const height = BARS_TOP + WAYS.length * BAR_STEP
  return framed({ width: 1100, height, label: 'A day of the reported workload by five ways' }, [
    ...WAYS.map((way, i) => text(TITLES[way], { x: 10, y: BARS_TOP + i * BAR_STEP })),
    ...panels.map(({ title, bars: all }, i) => barsOf({ title, left: 232 + i * 218, width: 120, bars: all })),
  ])
}
