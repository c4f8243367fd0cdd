// The plot of the index benchmark as an SVG, light and dark: left, the bytes that a write of one KiB by a new process moves, against
// the rows of the namespace, runlet and today's ways; right, the requests of runlet's operations.
import type { OperationName } from './figures.ts'
import { amountOf, type Measure, worstOf } from './figures.ts'
import { type Panel, panelOf, type Series } from './plot-panel.ts'
import type { Results } from './results.ts'

const WIDTH = 1000
const HEIGHT = 400
/** Of all plots of the benchmark: light and dark. */
export const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .small { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0; stroke-width: 1 }
  .leader { stroke: #8c959f; stroke-width: 1; stroke-dasharray: 2 3 }
  .line { fill: none; stroke: currentColor; stroke-width: 2.5 }
  circle { fill: currentColor }
  .c0 { color: #0a69da } .c1 { color: #cf222e } .c2 { color: #bc4c00 } .c3 { color: #8250df } .c4 { color: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 } .grid { stroke: #3d444d } .leader { stroke: #6e7681 }
    .c0 { color: #4493f8 } .c1 { color: #f85149 } .c2 { color: #db6d28 } .c3 { color: #ab7df8 } .c4 { color: #3fb950 }
  }`

export function plotOf(results: Results): string {
  const panels = [panelOf(bytesPanel(results)), panelOf(requestsPanel(results))]
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="What a write and other operations cost against the rows of the namespace">`,
    `<style>${STYLE}\n</style>`,
    ...panels,
    '</svg>',
  ].join('\n')}\n`
}

function bytesPanel(results: Results): Panel {
  const baseline = (what: string, color: number): Series => {
    const all = results.baselines.filter(one => one.what === what)
    const points = all.flatMap(({ rows, cost }) => (cost ? [{ rows, value: cost.bytesUp + cost.bytesDown }] : []))
    const isCut = points.length < all.length
    return { label: what, note: isCut ? 'ends: JSON over V8’s string limit' : '', color, points }
  }
  return {
    title: 'Bytes moved by a 1 KiB write, new process',
    sizes: results.sizes,
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
    sizes: results.sizes,
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
    .map(figure => ({ rows: figure.rows, value: amountOf(worstOf(figure, measure), measure) }))
}

function bytes(value: number): string {
  if (value >= 1e9) return `${value / 1e9} GB`
  if (value >= 1e6) return `${value / 1e6} MB`
  return `${value / 1e3} kB`
}
