// What the demo takes on its command line, parsed before anything is made.
import { parseArgs } from 'node:util'

export const USAGE = `Usage: npm run demo -- [--runs N] [REPOSITORY]

Makes N git worktrees (1 to 100, by default 8) of a git repository (by default the one of this folder) at its last N
commits, examines each in a run of its own, and folds all runs at once.

  RUNLET_STORE=s3://…      where to keep the results; by default a file store in a temporary folder
  RUNLET_NAMESPACE=name    the parent of the runs; by default fan-out
`

export interface Arguments {
  readonly repository: string
  readonly runs: number
  readonly help: boolean
}

/** The command line cannot be understood; its message says why. */
export class UsageError extends Error {}

export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parse(args)
  const [repository = '.', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`One repository at a time, please; "${rest[0]}" is one too many.`)
  const runs = Number(values.runs ?? 8)
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) {
    throw new UsageError(`--runs: "${values.runs}" is not a whole number from 1 to 100.`)
  }
  return { repository, runs, help: values.help ?? false }
}

function parse(args: readonly string[]) {
  try {
    const options = { runs: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
