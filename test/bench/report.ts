// What a benchmark says: lines of measured against target, printed as markdown tables. Counts and bytes are judged, times never:
// they say as much of the machine as of the library.

export type Unit = 'requests' | 'bytes' | 'round trips' | 'ms' | 'count'

export interface Line {
  readonly what: string
  /** On what it was measured. */
  readonly how: string
  readonly measured: number
  readonly unit: Unit
  /** At most so much. Undefined: printed, not judged. */
  readonly target?: number | undefined
  /** What led to it, printed when the target was missed. */
  readonly trace?: readonly string[] | undefined
}

const LONGEST_TRACE = 60

export const isMissed = ({ measured, target }: Line): boolean => target !== undefined && measured > target

/** Measured against target. */
export function judgedTable(lines: readonly Line[]): string {
  const rows = lines.map(line => {
    const { what, how, measured, unit, target } = line
    const verdict = target === undefined ? '' : isMissed(line) ? '**missed**' : 'met'
    return [what, how, format(measured, unit), target === undefined ? '' : `≤ ${format(target, unit)}`, verdict]
  })
  return table(['what', 'measured on', 'measured', 'target', ''], rows)
}

/** Any table; the first column is text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows]
  const widths = head.map((_, i) => Math.max(3, ...cells.map(row => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map(width => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Why the targets were missed, as far as the requests tell. */
export function explain(lines: readonly Line[]): string {
  const missed = lines.filter(isMissed)
  return missed
    .map(({ what, how, measured, unit, target = 0, trace = [] }) => {
      const shown = trace.slice(0, LONGEST_TRACE).map(step => `    ${step}`)
      const rest = trace.length > LONGEST_TRACE ? [`    and ${trace.length - LONGEST_TRACE} more`] : []
      const title = `Missed: ${what} (${how}): ${format(measured, unit)}, not ${format(target, unit)}`
      return [title, ...shown, ...rest].join('\n')
    })
    .join('\n\n')
}

export function format(value: number, unit: Unit): string {
  if (unit === 'bytes') return value < 1024 ? `${value} B` : `${round(value / 1024)} KiB`
  if (unit === 'ms') return `${Math.round(value).toLocaleString('en-US')} ms`
  if (unit === 'count') return round(value)
  return `${round(value)} ${value === 1 ? unit.slice(0, -1) : unit}`
}

const round = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 })
