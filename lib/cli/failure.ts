// How the command ends when something failed: the exit code by the kind of error, and the line that tells of it. Pure.
// Scripts rest on these codes: 1 failed, 2 wrong usage, 75 (EX_TEMPFAIL) try again later.
import { inspect } from 'node:util'
import { RunInUseError } from '../errors.ts'
import { printable } from './table.ts'

export const DONE = 0
export const FAILED = 1
export const WRONG_USAGE = 2
export const TRY_LATER = 75
export const TIMED_OUT = 124

const BY_CODE: Readonly<Record<string, number>> = {
  ERR_RUNLET_INVALID_ARGUMENT: WRONG_USAGE,
  ERR_RUNLET_INVALID_NAME: WRONG_USAGE,
  ERR_RUNLET_INVALID_PATH: WRONG_USAGE,
  ERR_RUNLET_INVALID_STORE_URL: WRONG_USAGE,
  ERR_RUNLET_CONFIG: WRONG_USAGE,
  ERR_RUNLET_SWAMP_SHARED_PREFIX: WRONG_USAGE,
  ERR_RUNLET_LOCK_TIMEOUT: TRY_LATER,
  ERR_RUNLET_SINGLETON_TAKEN: TRY_LATER,
  ERR_RUNLET_SWAMP_BUSY: TRY_LATER,
  ERR_RUNLET_THROTTLED: TRY_LATER,
  ERR_RUNLET_UNDECIDED: TRY_LATER,
}

export function exitCodeOf(error: unknown): number {
  // An owner ends, or its lease expires; a run that was kept without one waits for a person.
  if (error instanceof RunInUseError) return error.owned ? TRY_LATER : FAILED
  return BY_CODE[codeOf(error) ?? ''] ?? FAILED
}

/** `runlet: <message> [CODE]`; the stack and the causes too when `verbose`. */
export function describeFailure(error: unknown, { verbose }: { verbose: boolean }): string {
  const message = error instanceof Error ? error.message : String(error)
  const code = codeOf(error) ?? (error instanceof Error ? error.name : 'ERROR')
  const line = `runlet: ${printable(message)} [${code}]`
  return verbose ? `${line}\n${inspect(error)}` : line
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
