// How many runs there were at any time, over all the time of the report; dragging over it chooses the time that is shown.
import {
  area,
  axisBottom,
  type BrushSelection,
  brushX,
  curveStepAfter,
  line,
  max,
  type ScaleLinear,
  type ScaleTime,
  type Selection,
  scaleLinear,
} from 'd3'

import { tick } from './words.ts'

interface LoadPoint {
  readonly at: number
  readonly open: number
}

const HEIGHT = 54
const AXIS = 20
/** With less at the left of the time, less is said there. */
const ROOMY = 220

/** From the spans of the runs. Pure. */
export function loadOf(spans: readonly (readonly [from: number, to: number])[]): LoadPoint[] {
  const steps = spans.flatMap(([from, to]) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ])
  steps.sort((a, b) => a.at - b.at || b.by - a.by)
  let open = 0
  return steps.map(({ at, by }) => {
    open += by
    return { at, open }
  })
}

type Svg = Selection<SVGSVGElement, unknown, null, undefined>

type OnTime = (time: [number, number] | undefined) => void

interface Overview {
  readonly load: readonly LoadPoint[]
  readonly x: ScaleTime<number, number>
  readonly width: number
  /** What is chosen. */
  readonly time: readonly [number, number] | undefined
}

export function drawOverview(svg: Svg, { load, x, width, time }: Overview, onTime: OnTime): void {
  svg.attr('width', width).attr('height', HEIGHT + AXIS)
  svg.selectAll('*').remove()
  const [start = 0, end = width] = x.range()
  const most = Math.max(1, max(load, ({ open }) => open) ?? 1)
  drawLoad(svg, load, x, scaleLinear([0, most], [HEIGHT - 1, 8]))
  svg
    .append('text')
    .attr('x', 2)
    .attr('y', HEIGHT - 22)
    .text('runs at a time')
  svg
    .append('g')
    .attr('class', 'axis')
    .append('text')
    .attr('x', 2)
    .attr('y', HEIGHT - 6)
    .text(start < ROOMY ? `at most ${most}` : `at most ${most}; drag to choose a time`)
  const ticks = Math.max(2, (end - start) / 110)
  svg
    .append('g')
    .attr('class', 'axis')
    .attr('transform', `translate(0,${HEIGHT})`)
    .call(axisBottom(x).ticks(ticks).tickFormat(tick).tickSizeOuter(0))
  addBrush(svg, x, [start, end], time, onTime)
}

function drawLoad(
  svg: Svg,
  load: readonly LoadPoint[],
  x: ScaleTime<number, number>,
  y: ScaleLinear<number, number>,
): void {
  const shape = area<LoadPoint>(
    ({ at }) => x(at),
    HEIGHT,
    ({ open }) => y(open),
  ).curve(curveStepAfter)
  const edge = line<LoadPoint>(
    ({ at }) => x(at),
    ({ open }) => y(open),
  ).curve(curveStepAfter)
  svg.append('path').attr('class', 'load').attr('d', shape(load))
  svg.append('path').attr('class', 'load-line').attr('d', edge(load))
}

function addBrush(
  svg: Svg,
  x: ScaleTime<number, number>,
  [start, end]: readonly [number, number],
  time: Overview['time'],
  onTime: OnTime,
): void {
  const brush = brushX<unknown>()
    .extent([
      [start, 2],
      [end, HEIGHT],
    ])
    .on('end', ({ selection, sourceEvent }: { selection: BrushSelection | null; sourceEvent: unknown }) => {
      if (!sourceEvent) return
      const [from, to] = (selection ?? []) as number[]
      onTime(from === undefined || to === undefined ? undefined : [x.invert(from).getTime(), x.invert(to).getTime()])
    })
  const place = svg.append('g').attr('class', 'brush').call(brush)
  if (time) place.call(brush.move, [Math.max(start, x(time[0])), Math.min(end, x(time[1]))])
}
