// Aligned tables for people, from rows of cells. Pure.
// Labels and messages come from other machines: control characters in them must not reach a terminal.

/** A column is not made narrower than this to fit a terminal. */
const LEAST_WIDTH = 10
const GAP = 2

export interface TableOptions {
  /** Of the terminal. Default: as wide as it takes. */
  readonly width?: number | undefined
  /** Headings of columns whose cells may be cut to fit. Default: all. */
  readonly cut?: readonly string[]
  /** Headings of columns that are left out where there is no room for all, the first one first. */
  readonly spare?: readonly string[]
}

/** One line for each row, the headings first, columns padded to their widest cell. What does not fit in its cell ends in `…`. */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { width = Number.POSITIVE_INFINITY, cut = headings, spare = [] }: TableOptions = {},
): string[] {
  const all = [headings, ...rows].map(row => row.map(printable))
  const columns = headings.map((heading, at) => {
    const widest = Math.max(...all.map(row => widthOf(row[at] ?? '')))
    return { heading, at, width: widest, least: cut.includes(heading) ? Math.min(LEAST_WIDTH, widest) : widest }
  })
  const shown = fitted(columns, width, spare)
  return all.map(row => {
    const line = shown.map(({ at, width }) => padded(clipped(row[at] ?? '', width), width))
    return clipped(line.join(' '.repeat(GAP)).trimEnd(), width)
  })
}

interface Column {
  readonly heading: string
  readonly at: number
  readonly width: number
  readonly least: number
}

/** Leaves columns out until the rest can fit, then makes the widest that may be cut narrower until it does. */
function fitted(all: readonly Column[], width: number, spare: readonly string[]): Column[] {
  const total = (columns: readonly Column[], size: 'width' | 'least') =>
    columns.reduce((sum, column) => sum + column[size], GAP * (columns.length - 1))
  let columns = [...all]
  for (const heading of spare) {
    if (total(columns, 'least') > width) columns = columns.filter(column => column.heading !== heading)
  }
  while (total(columns, 'width') > width) {
    const [widest] = columns.filter(column => column.width > column.least).sort((a, b) => b.width - a.width)
    if (!widest) break
    columns = columns.map(column => (column === widest ? { ...column, width: column.width - 1 } : column))
  }
  return columns
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** The beginning of the text that a terminal shows in `width` columns. */
export function clipped(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let left = width - 1
  let shown = ''
  for (const char of text) {
    left -= widthOf(char)
    if (left < 0) break
    shown += char
  }
  return `${shown}…`
}

/** Letters that take two columns of a terminal (East Asian ones, emoji), and marks that take none. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
const NO_WIDTH = /\p{Mn}|\p{Me}|\p{Cf}/u

export function widthOf(text: string): number {
  let width = 0
  for (const char of text) width += WIDE.test(char) ? 2 : NO_WIDTH.test(char) ? 0 : 1
  return width
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is replaced here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g

/** The text on one line, without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ')
}
