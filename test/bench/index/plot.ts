// The plot of the index benchmark as an SVG, light and dark: left, the bytes that a write of one KiB by a new process moves, against
// the rows of the namespace, runlet and today's ways; right, the requests of runlet's operations.
import type { OperationName } from './figures.ts'
import { amountOf, type Measure, worstOf } from './figures.ts'
import { framed } from './plot-frame.ts'
import { type Panel, panelOf, type Series } from './plot-panel.ts'
import type { Results } from './results.ts'

const FRAME = {
  width: 1000,
  height: 400,
  label: 'What a write and other operations cost against the rows of the namespace',
}
const ACROSS = 'rows in the namespace'

export function plotOf(results: Results): string {
  return framed(FRAME, [panelOf(bytesPanel(results)), panelOf(requestsPanel(results))])
}

function bytesPanel(results: Results): Panel {
  const baseline = (what: string, color: number): Series => {
    const all = results.baselines.filter(one => one.what === what)
    const points = all.flatMap(({ rows, cost }) => (cost ? [{ at: rows, value: cost.bytesUp + cost.bytesDown }] : []))
    const isCut = points.length < all.length
    return { label: what, note: isCut ? 'ends: JSON over V8’s string limit' : '', color, points }
  }
  return {
    title: 'Bytes moved by a 1 KiB write, new process',
    across: { title: ACROSS, ticks: results.sizes },
    left: 70,
    width: 250,
    scale: 'log',
    format: bytes,
    series: [
      baseline('whole index under one lock', 1),
      baseline('one index per model, big model', 2),
      baseline('one index per model, small model', 3),
      { label: 'runlet, big model, worst', note: '', color: 0, points: worstPoints(results, 'put new big', 'bytes') },
    ],
  }
}

function requestsPanel(results: Results): Panel {
  const own = (label: string, operation: OperationName, color: number): Series => {
    return { label, note: '', color, points: worstPoints(results, operation, 'requests') }
  }
  return {
    title: 'Requests of one operation, worst',
    across: { title: ACROSS, ticks: results.sizes },
    left: 600,
    width: 200,
    scale: 'linear',
    format: String,
    series: [
      own('fold of a 24-file run', 'fold', 3),
      own('get, new process', 'get big', 2),
      own('fork', 'fork', 4),
      own('1 KiB put, new process', 'put new big', 0),
      own('1 KiB put, warm process', 'put warm big', 1),
    ],
  }
}

function worstPoints({ figures }: Results, operation: OperationName, measure: Measure): Series['points'] {
  return figures
    .filter(figure => figure.operation === operation)
    .map(figure => ({ at: figure.rows, value: amountOf(worstOf(figure, measure), measure) }))
}

function bytes(value: number): string {
  if (value >= 1e9) return `${value / 1e9} GB`
  if (value >= 1e6) return `${value / 1e6} MB`
  return `${value / 1e3} kB`
}
