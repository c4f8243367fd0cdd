// What launchd and systemd have in common: the files that they want, and the commands that tell them. Each is described in a file of
// its own, as data, for either system on any machine; here the commands are run.

import { systemAmbient } from '../../ambient.ts'
import type { Segment } from '../../names.ts'
import { execa } from '../../vendor/execa.ts'
import { SchedulerError } from './errors.ts'
import type { Places } from './places.ts'
import { type Poller, shownCommand } from './poller.ts'

export interface UnitFile {
  readonly path: string
  readonly text: string
}

/** A command that tells the scheduler something. */
export interface Step {
  readonly command: readonly [string, ...string[]]
  /** A failure that says this is none: there was nothing to be done. */
  readonly nothingThere?: RegExp
  /** A failure that says this is gone in a moment. */
  readonly passing?: RegExp
}

/** All pure. */
export interface Scheduler {
  /** @throws InvalidArgumentError when the poller has what its files cannot say */
  assertFits(poller: Poller): void
  files(poller: Poller, places: Places): readonly UnitFile[]
  paths(name: Segment, places: Places): readonly string[]
  /** Whether runlet wrote this file for the poller of this name. */
  isOurs(text: string, name: Segment): boolean
  /** When the files have been written. */
  start(name: Segment, places: Places): readonly Step[]
  /** No further starts; what is at work goes on where that is possible. Before the files are replaced. */
  pause(name: Segment, places: Places): readonly Step[]
  /** No further starts, and the end of what is at work. Before the files are removed. */
  stop(name: Segment, places: Places): readonly Step[]
  /** When the files have been removed. */
  forget(name: Segment, places: Places): readonly Step[]
  readonly remedy: string
}

const PATIENCE_MS = 60_000
const ATTEMPTS = 6
const PAUSE_MS = 500

/** @throws SchedulerError at the first step that fails */
export async function tell(scheduler: Scheduler, steps: readonly Step[]): Promise<void> {
  for (const step of steps) await take(scheduler, step)
}

async function take({ remedy }: Scheduler, step: Step): Promise<void> {
  const [program, ...args] = step.command
  for (let attempt = 1; ; attempt++) {
    const result = await execa(program, args, {
      reject: false,
      stdin: 'ignore',
      timeout: PATIENCE_MS,
      env: { LC_ALL: 'C' },
    })
    if (!result.failed) return
    if (result.exitCode === undefined && result.code === 'ENOENT') throw new NoSchedulerError(step, remedy)
    const said = `${result.stderr}\n${result.stdout}`.trim()
    if (step.nothingThere?.test(said)) return
    if (!step.passing?.test(said) || attempt === ATTEMPTS) {
      const problem = result.timedOut ? 'did not answer' : `failed (exit ${result.exitCode}): ${said.split('\n')[0]}`
      throw new SchedulerError(shownCommand(step.command), problem.replace(/[.\s]+$/, ''), remedy, { cause: result })
    }
    await systemAmbient.sleep(PAUSE_MS)
  }
}

/** Its command is not there at all, so nothing of it can be running either. */
export class NoSchedulerError extends SchedulerError {
  constructor(step: Step, remedy: string) {
    super(shownCommand(step.command), `cannot be run: there is no ${step.command[0]}`, remedy)
  }
}
