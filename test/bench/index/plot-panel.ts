// One panel of a plot: rows on a logarithmic axis, values on a logarithmic or linear one, a line for each series, and its name at the
// right, moved apart where names would lie upon one another.

export interface Series {
  readonly label: string
  /** A second, smaller line below the label. */
  readonly note: string
  /** Number of a colour class. */
  readonly color: number
  readonly points: readonly { readonly rows: number; readonly value: number }[]
}

export interface Panel {
  readonly title: string
  readonly sizes: readonly number[]
  readonly left: number
  readonly width: number
  readonly scale: 'log' | 'linear'
  readonly format: (value: number) => string
  readonly series: readonly Series[]
  /** What stands on the axis across. Default: rows in the namespace. */
  readonly across?: string
}

const TOP = 50
const BOTTOM = 350
const LABEL_GAP = 16
const NOTE_GAP = 14
/** From the end of the lines to their names. */
const LABELS_FROM = 26

/** Where a value lies between the ends of its axis, from 0 to 1. */
type Axis = { readonly at: (value: number) => number; readonly ticks: readonly number[] }

export function panelOf(panel: Panel): string {
  const { left, width, sizes } = panel
  const across = logarithmic(Math.min(...sizes), Math.max(...sizes))
  const up = axisOf(panel)
  const x = (rows: number) => round(left + width * across(rows))
  const y = (value: number) => round(BOTTOM - (BOTTOM - TOP) * up.at(value))
  const labels = spread(panel.series.map(one => ({ one, y: y(one.points.at(-1)?.value ?? 1) })))
  return [
    text(panel.title, { x: left, y: TOP - 26, class: 'title' }),
    ...up.ticks.flatMap(tick => [
      line('grid', [left, y(tick)], [left + width, y(tick)]),
      text(panel.format(tick), { x: left - 8, y: y(tick) + 4, class: 'small', anchor: 'end' }),
    ]),
    ...sizes.map(size => text(short(size), { x: x(size), y: BOTTOM + 20, class: 'small', anchor: 'middle' })),
    text(panel.across ?? 'rows in the namespace', {
      x: left + width / 2,
      y: BOTTOM + 38,
      class: 'small',
      anchor: 'middle',
    }),
    ...labels.flatMap(({ one, y: labelY }) => {
      const points = one.points.map(point => [x(point.rows), y(point.value)] as const)
      const last = points.at(-1) ?? [left, BOTTOM]
      const start = left + width + LABELS_FROM
      return [
        line('leader', [last[0] + 5, last[1]], [start - 4, labelY - 4]),
        `<polyline class="line c${one.color}" points="${points.map(point => point.join(',')).join(' ')}"/>`,
        ...points.map(([cx, cy]) => `<circle class="c${one.color}" cx="${cx}" cy="${cy}" r="3.5"/>`),
        text(one.label, { x: start, y: labelY }),
        ...(one.note ? [text(one.note, { x: start, y: labelY + NOTE_GAP, class: 'small' })] : []),
      ]
    }),
  ].join('\n')
}

function axisOf({ scale, series }: Panel): Axis {
  const values = series.flatMap(one => one.points.map(point => point.value))
  if (scale === 'log') {
    const [from, to] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))]
    const ticks = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
    return { at: logarithmic(10 ** from, 10 ** to), ticks }
  }
  const step = Math.max(1, Math.ceil(Math.max(...values) / 6))
  const steps = Math.ceil(Math.max(...values) / step)
  return { at: value => value / (steps * step), ticks: Array.from({ length: steps + 1 }, (_, i) => i * step) }
}

const logarithmic = (from: number, to: number) => (value: number) => Math.log(value / from) / Math.log(to / from)

interface Placed {
  readonly one: Series
  readonly y: number
}

/** From top to bottom, each below the one before it; pushed up again where they would leave the panel. */
function spread(labels: readonly Placed[]): Placed[] {
  const placed: Placed[] = []
  for (const { one, y } of labels.toSorted((a, b) => a.y - b.y)) {
    const above = placed.at(-1)
    const least = above ? above.y + LABEL_GAP + (above.one.note ? NOTE_GAP : 0) : TOP
    placed.push({ one, y: Math.max(y + 4, least) })
  }
  let below = BOTTOM + LABEL_GAP
  return placed
    .toReversed()
    .map(({ one, y }) => {
      const height = LABEL_GAP + (one.note ? NOTE_GAP : 0)
      below = Math.min(y, below - height)
      return { one, y: round(below) }
    })
    .toReversed()
}

const round = (value: number): number => Math.round(value * 10) / 10

function short(size: number): string {
  if (size >= 1e6) return `${size / 1e6} million`
  return size.toLocaleString('en-US')
}

function line(name: string, [x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): string {
  return `<line class="${name}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

function text(
  content: string,
  { x, y, class: name, anchor }: { x: number; y: number; class?: string; anchor?: 'end' | 'middle' },
): string {
  const named = name ? ` class="${name}"` : ''
  const anchored = anchor ? ` text-anchor="${anchor}"` : ''
  return `<text x="${x}" y="${y}"${named}${anchored}>${content}</text>`
}
