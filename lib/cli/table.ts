// Aligned tables for people, from rows of cells. Pure.
// Labels and messages come from other machines: control characters in them must not reach a terminal.

/** One line for each row, the headings first, columns padded to their widest cell. */
export function tableLines(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [headings, ...rows].map(row => row.map(printable))
  const widths = headings.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is replaced here
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g

/** The text on one line, without anything that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(CONTROL, ' ')
}
