// The answer to a TAB, for the scripts: a line that says what is wanted, then the words that could stand there, a line each, with what
// they are behind a tab. It never says what went wrong: then there is nothing to offer.
import type { Command } from '../../vendor/commander.ts'
import { type Candidate, type Wanted, wantedAt } from './wanted.ts'

/** Ends the process: a store that did not answer in time would keep it alive. */
export async function answer(program: Command, words: readonly string[]): Promise<void> {
  const wanted = wantedAt(program, words.slice(0, -1), words.at(-1) ?? '')
  const lines = await linesOf(wanted).catch(() => [])
  await new Promise(resolve => process.stdout.write(lines.map(line => `${line}\n`).join(''), resolve))
  process.exit()
}

async function linesOf(wanted: Wanted): Promise<string[]> {
  switch (wanted.kind) {
    case 'nothing':
      return []
    case 'values':
      return ['values', ...wanted.values.map(lineOf)]
    case 'command':
      return [`command ${wanted.from + 1}`] // `runlet` is a word of the line too
    case 'runs':
    case 'pollers': {
      const { openRuns, pollers } = await import('./known.ts')
      const names = await (wanted.kind === 'runs' ? openRuns(wanted.given) : pollers())
      return ['values', ...names.map(name => wanted.before + name)]
    }
    default:
      return [wanted.kind]
  }
}

const lineOf = ({ value, about = '' }: Candidate): string => (about ? `${value}\t${about}` : value)
