// One call of an agent, or of the test command: an external program in the worktree. It reads its prompt from stdin, its answer is
// what it prints, and it did what it was asked to if it exits 0.
import { execa } from 'execa'
import type { Call } from './ledger.ts'

export interface Circumstances {
  readonly folder: string
  readonly prompt: string
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What would lead it elsewhere: a git hook or a test runner may have started this driver. */
const NOT_INHERITED = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  NODE_TEST_CONTEXT: undefined,
}

/** The program is not there, or may not be run: no phase failed, the call is wrong. */
export class CommandNotStartedError extends Error {}

export async function runCommand(
  command: readonly string[],
  about: Circumstances,
): Promise<NonNullable<Call['ended']>> {
  const [program = '', ...args] = command
  const { folder, prompt, environment, signal } = about
  const startedAt = performance.now()
  const result = await execa(program, args, {
    cwd: folder,
    env: { ...environment, ...NOT_INHERITED },
    input: prompt,
    cancelSignal: signal,
    reject: false,
  })
  signal.throwIfAborted()
  if (result.exitCode === undefined && !result.signal)
    throw new CommandNotStartedError(`"${program}" cannot be started: ${result.shortMessage}`)
  const durationMs = Math.round(performance.now() - startedAt)
  return { exitCode: result.exitCode ?? 128, durationMs, output: result.stdout, errors: result.stderr }
}
