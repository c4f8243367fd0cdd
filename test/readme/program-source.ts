// The text that is run, or compiled, for a block that is a program.
import type { Program } from './programs.ts'
import { blockOf } from './row.ts'

export function sourceOf(program: Program): string {
  const { text } = blockOf(program)
  const written = program.side ? sideOf(text, program.side) : text
  const here = program.replace ? written.replace(...program.replace) : written
  const next = program.followedBy ? blockOf(program.followedBy).text : ''
  return [program.prologue, here, next, program.epilogue].filter(Boolean).join('\n')
}

/** What a diff starts from, or comes to. */
function sideOf(diff: string, side: 'before' | 'after'): string {
  const mark = side === 'before' ? '-' : '+'
  const lines = diff.split('\n').filter(line => line.startsWith(' ') || line.startsWith(mark))
  return lines.map(line => line.slice(1)).join('\n')
}
