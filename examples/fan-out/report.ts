// What the demo prints, as text.
import type { Outcome } from './fan-out.ts'
import type { Comparison } from './totals.ts'

type Cell = string | number
const RIGHT = /^[\d.,]+(?: m?s)?$/

/** Columns as wide as need be; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [head, ...rows.map(row => row.map(textOf))]
  const widths = head.map((_, i) => Math.max(...cells.map(row => row[i]?.length ?? 0)))
  const aligned = cells.map(row => {
    return row.map((cell, i) => {
      const isNumber = RIGHT.test(cells[1]?.[i] ?? '')
      return isNumber ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    })
  })
  return aligned.map(row => row.join('  ').trimEnd()).join('\n')
}

const textOf = (cell: Cell): string => (typeof cell === 'number' ? cell.toLocaleString('en-US') : cell)
const ms = (time: number): string => `${Math.round(time).toLocaleString('en-US')} ms`

/** What was folded, and how that went. */
export function foldTable(outcomes: readonly Outcome[]): string {
  const head = ['run', 'commit', 'work', 'rows', 'requests', 'waited', 'held', 'batch', 'seq', 'subject']
  const rows = outcomes.map(({ worktree, account, fold, workedMs }) => {
    const { hash, subject } = worktree.commit
    const { rows, requests, waitedMs, heldMs, batchSize, seq } = fold
    const start = [account.run, hash.slice(0, 7), ms(workedMs), rows, requests, ms(waitedMs), ms(heldMs)]
    return [...start, batchSize, seq, shortened(subject)]
  })
  return table(head, rows)
}

const shortened = (subject: string): string => (subject.length > 40 ? `${subject.slice(0, 39)}…` : subject)

/** Folds that went in with one swap have that swap's batch size in common. */
export function swapsOf(outcomes: readonly Outcome[]): number {
  return Math.round(outcomes.reduce((sum, { fold }) => sum + 1 / fold.batchSize, 0))
}

export function totalsTable({ said, found }: Comparison): string {
  return table(
    ['', 'written by the runs', 'read back from the parent'],
    [
      ['files', said.files, found.files],
      ['bytes', said.bytes, found.bytes],
      ['lines of the log', said.lines, found.lines],
    ],
  )
}
