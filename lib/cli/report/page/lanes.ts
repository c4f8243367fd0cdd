// Lanes below one another on a time scale: a name at the left, stretches and marks at the right. Runs, commits and locks are all drawn so.
import { type ScaleTime, type Selection, select } from 'd3'
import type { Tip, TipBox } from './tip.ts'

interface Stretch {
  readonly from: number
  readonly to: number
  /** Class that colours it. */
  readonly kind: string
  /** A dashed line in place of a bar: nothing happens there. */
  readonly faint?: boolean
  /** A thin bar below the others: it goes on beside them. */
  readonly beside?: boolean
  readonly tip?: Tip
}

export interface Lane {
  readonly key: string
  readonly name: string
  /** Class of the dot before the name. */
  readonly kind: string
  readonly stretches: readonly Stretch[]
  /** Moments, drawn on top of the stretches. */
  readonly marks: readonly { readonly at: number; readonly kind: string; readonly tip?: Tip }[]
  readonly tip?: Tip
  /** What to show when it is chosen. */
  readonly time?: readonly [from: number, to: number]
}

export interface Frame {
  readonly x: ScaleTime<number, number>
  readonly width: number
  /** Where the lanes begin, right of the names. */
  readonly left: number
}

const LANE = 20
const BAR = 10
const BESIDE = 3
/** Shorter stretches would not be seen. */
const LEAST = 1.5
const CHAR = 6.6

type Group = Selection<SVGGElement, Lane, SVGGElement, unknown>

export function drawLanes(
  svg: Selection<SVGSVGElement, unknown, null, undefined>,
  lanes: readonly Lane[],
  { x, width, left }: Frame,
  tips: TipBox,
): void {
  const height = lanes.length * LANE + 6
  svg.attr('width', width).attr('height', height).attr('viewBox', `0 0 ${width} ${height}`)
  svg.selectAll('*').remove()
  const [start = 0, end = width] = x.range()
  svg
    .append('g')
    .attr('class', 'grid')
    .selectAll('line')
    .data(x.ticks(Math.max(2, (end - start) / 110)))
    .join('line')
    .attr('x1', d => Math.round(x(d)) + 0.5)
    .attr('x2', d => Math.round(x(d)) + 0.5)
    .attr('y2', height)
  const rows: Group = svg
    .append('g')
    .selectAll<SVGGElement, Lane>('g')
    .data(lanes)
    .join('g')
    .attr('class', 'lane')
    .attr('data-key', lane => lane.key)
    .attr('transform', (_, i) => `translate(0,${i * LANE + 2})`)
  rows.append('rect').attr('class', 'back').attr('width', width).attr('height', LANE)
  drawNames(rows, left)
  drawBars(rows, x)
  follow(svg, rows, tips, height)
}

function drawNames(rows: Group, left: number): void {
  rows
    .append('rect')
    .attr('class', lane => `dot ${lane.kind}`)
    .attr('x', 2)
    .attr('y', (LANE - 9) / 2)
    .attr('width', 9)
    .attr('height', 9)
    .attr('rx', 2.5)
  const room = Math.max(1, Math.floor((left - 30) / CHAR))
  rows
    .append('text')
    .attr('x', 17)
    .attr('y', LANE / 2)
    .attr('dy', '0.35em')
    .text(({ name }) => (name.length > room ? `${name.slice(0, room - 1)}…` : name))
}

function drawBars(rows: Group, x: Frame['x']): void {
  const [start = 0, end = 0] = x.range()
  const within = (time: number) => Math.min(Math.max(x(time), start), end)
  const visible = ({ from, to }: { from: number; to: number }) => x(to) >= start && x(from) <= end
  rows
    .selectAll('rect.bar')
    .data(lane => lane.stretches.filter(stretch => !stretch.faint && visible(stretch)))
    .join('rect')
    .attr('class', ({ kind }) => `bar ${kind}`)
    .attr('x', ({ from }) => within(from))
    .attr('y', ({ beside }) => (beside ? (LANE + BAR) / 2 + 1 : (LANE - BAR) / 2))
    .attr('width', ({ from, to }) => Math.max(LEAST, within(to) - within(from)))
    .attr('height', ({ beside }) => (beside ? BESIDE : BAR))
  rows
    .selectAll('line.left')
    .data(lane => lane.stretches.filter(stretch => stretch.faint && visible(stretch)))
    .join('line')
    .attr('class', ({ kind }) => `left ${kind}`)
    .attr('x1', ({ from }) => within(from))
    .attr('x2', ({ to }) => within(to))
    .attr('y1', LANE / 2)
    .attr('y2', LANE / 2)
  rows
    .selectAll('rect.mark')
    .data(lane => lane.marks.filter(({ at }) => visible({ from: at, to: at })))
    .join('rect')
    .attr('class', ({ kind }) => `mark ${kind}`)
    .attr('x', ({ at }) => within(at) - 1.5)
    .attr('y', 3)
    .attr('width', 3)
    .attr('height', LANE - 6)
    .attr('rx', 1)
}

/** A line under the pointer, the lane lit, and the tip of what is there. */
function follow(
  svg: Selection<SVGSVGElement, unknown, null, undefined>,
  rows: Group,
  tips: TipBox,
  height: number,
): void {
  const cross = svg.append('line').attr('class', 'cross').attr('y2', height).attr('visibility', 'hidden')
  rows
    .on('pointerenter', ({ currentTarget }: PointerEvent) => select(currentTarget as Element).classed('on', true))
    .on('pointerleave', ({ currentTarget }: PointerEvent) => {
      select(currentTarget as Element).classed('on', false)
      cross.attr('visibility', 'hidden')
      tips.hide()
    })
    .on('pointermove', (event: PointerEvent, lane) => {
      const at = event.clientX - (svg.node() as SVGSVGElement).getBoundingClientRect().left
      cross.attr('x1', at).attr('x2', at).attr('visibility', 'visible')
      const below = select<Element, { tip?: Tip } | undefined>(event.target as Element).datum()
      const tip = below?.tip ?? lane.tip
      if (tip) tips.show(tip, event)
      else tips.hide()
    })
}
