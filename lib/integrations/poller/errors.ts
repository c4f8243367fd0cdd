// What can go wrong with pollers beside their work: each with its remedy.
import { RunletError } from '../../errors.ts'

/** There is no poller of this name. */
export class PollerNotFoundError extends RunletError {
  readonly poller: string
  constructor(poller: string) {
    super(
      'ERR_RUNLET_POLLER_NOT_FOUND',
      `there is no poller "${poller}". \`runlet poller list\` lists those that there are; \`runlet poller install\` makes one.`,
    )
    this.poller = poller
  }
}

/** Something that runlet did not write stands where a file of the poller would go. Nothing was written. */
export class ForeignUnitError extends RunletError {
  readonly file: string
  constructor(file: string) {
    super(
      'ERR_RUNLET_POLLER_FOREIGN_UNIT',
      `"${file}" is there already, and no poller of runlet. Choose another name, or move that file away.`,
    )
    this.file = file
  }
}

/** With the environment of the poller, its command could not be started. Nothing was written. */
export class PollerCommandError extends RunletError {
  readonly missing: string
  constructor(missing: string, problem: string, remedy: string, options?: ErrorOptions) {
    super('ERR_RUNLET_POLLER_COMMAND', `${JSON.stringify(missing)} ${problem}. ${remedy}`, options)
    this.missing = missing
  }
}

/** launchd or systemd could not be told. */
export class SchedulerError extends RunletError {
  /** The command that failed. */
  readonly command: string
  constructor(command: string, problem: string, remedy: string, options?: ErrorOptions) {
    super('ERR_RUNLET_POLLER_SCHEDULER', `\`${command}\` ${problem}. ${remedy}`, options)
    this.command = command
  }
}

/** This system has neither launchd nor systemd. */
export class PlatformError extends RunletError {
  constructor(platform: string) {
    super(
      'ERR_RUNLET_POLLER_PLATFORM',
      `pollers need launchd (macOS) or systemd (Linux), and this is ${platform}. Start \`runlet run --singleton NAME -- CMD\` from the scheduler that you have.`,
    )
  }
}

/** A file of a poller cannot be read, written or removed. */
export class PollerFileError extends RunletError {
  readonly file: string
  constructor(doing: string, file: string, cause: unknown) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    super('ERR_RUNLET_POLLER_FILE', `cannot ${doing} "${file}" (${code}). Check its permissions and the disk.`, {
      cause,
    })
    this.file = file
  }
}
