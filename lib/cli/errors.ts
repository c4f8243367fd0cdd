// The errors that only the command throws: about local files and about what it was asked to start.
import { RunletError } from '../errors.ts'

/** A local file cannot be read, written or put into a namespace. */
export class FileError extends RunletError {
  readonly file: string
  constructor(file: string, problem: string, remedy: string, options?: ErrorOptions) {
    super('ERR_RUNLET_FILE', `file ${JSON.stringify(file)} ${problem}. ${remedy}`, options)
    this.file = file
  }

  /** What the file system said no to. `doing`: "be read". */
  static cannot(doing: string, file: string, cause: unknown): FileError {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? `cannot ${doing}: there is no such file or folder` : `cannot ${doing} (${code})`
    return new FileError(file, problem, 'Check the path and its permissions.', { cause })
  }
}

/** The namespace has no value at these paths. */
export class PathNotFoundError extends RunletError {
  readonly namespace: string
  readonly paths: readonly string[]
  constructor(namespace: string, paths: readonly string[]) {
    const shown = paths.slice(0, 5).map(path => JSON.stringify(path))
    const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : ''
    super(
      'ERR_RUNLET_PATH_NOT_FOUND',
      `nothing is at ${shown.join(', ')}${more} in "${namespace}". \`runlet ls\` lists what there is.`,
    )
    this.namespace = namespace
    this.paths = paths
  }
}

/** What changed in RUNLET_DIR could not be brought into the run at this turn of `--sync`. */
export class SyncFailedError extends RunletError {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause)
    super('ERR_RUNLET_SYNC_FAILED', `--sync: this turn failed, the next tries again: ${why}`, { cause })
  }
}

/** Another process holds the singleton lock; nothing was started. */
export class SingletonTakenError extends RunletError {
  readonly key: string
  readonly holder: string
  constructor(key: string, holder: string, cause: unknown) {
    super(
      'ERR_RUNLET_SINGLETON_TAKEN',
      `singleton "${key}" is held by ${holder}, so nothing was started. Try again when it has ended.`,
      { cause },
    )
    this.key = key
    this.holder = holder
  }
}

/** The program could not be started at all. */
export class ProgramNotStartedError extends RunletError {
  readonly program: string
  /** As shells have it: 127 for a program that does not exist, 126 for one that cannot be executed. */
  readonly exitCode: 126 | 127
  constructor(program: string, cause: unknown) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? 'was not found' : `could not be started (${code})`
    super('ERR_RUNLET_PROGRAM_NOT_STARTED', `program ${JSON.stringify(program)} ${problem}. Check its name and PATH.`, {
      cause,
    })
    this.program = program
    this.exitCode = code === 'ENOENT' ? 127 : 126
  }
}
