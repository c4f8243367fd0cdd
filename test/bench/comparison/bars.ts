// One panel of horizontal bars: a bar for each way, and its value in words at the bar's end.
import { text } from '../index/plot-panel.ts'

export interface Bar {
  readonly value: number
  readonly shown: string
  /** Number of a colour class. */
  readonly color: number
}

export interface BarPanel {
  readonly title: string
  readonly left: number
  /** Of the longest bar; its value stands right of it. */
  readonly width: number
  readonly bars: readonly Bar[]
}

export const BARS_TOP = 56
export const BAR_STEP = 34
const THICK = 18
/** So that a small value is seen at all. */
const LEAST = 2

export function barsOf({ title, left, width, bars }: BarPanel): string {
  const longest = Math.max(...bars.map(({ value }) => value))
  return [
    text(title, { x: left, y: BARS_TOP - 28, class: 'title' }),
    ...bars.flatMap(({ value, shown, color }, i) => {
      const [y, long] = [BARS_TOP + i * BAR_STEP, Math.max(LEAST, Math.round((width * value) / longest))]
      return [
        `<rect class="c${color}" fill="currentColor" x="${left}" y="${y - THICK + 5}" width="${long}" height="${THICK}"/>`,
        text(shown, { x: left + long + 8, y }),
      ]
    }),
  ].join('\n')
}
