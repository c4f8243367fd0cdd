// What a sync service reports that is neither the store's failure nor the copy's.
import { type AbortedError, type ConflictError, RunletError } from '../../../errors.ts'

/** The cache and the store changed the same files since they were last in step. Both have their own; nothing was overwritten. */
export class SyncConflictError extends RunletError {
  /** Of runlet. */
  readonly namespace: string
  readonly paths: readonly string[]
  readonly directory: string
  constructor(
    of: { namespace: string; directory: string },
    paths: readonly string[],
    options?: { cause: ConflictError },
  ) {
    const shown = paths.slice(0, 5).join(', ') + (paths.length > 5 ? ` and ${paths.length - 5} more` : '')
    super(
      'ERR_RUNLET_SWAMP_CONFLICT',
      `${paths.length === 1 ? 'a file was' : `${paths.length} files were`} changed here and in "${of.namespace}" since they were last in step: ${shown}. Choose a side with \`runlet pull --namespace ${of.namespace} --dir "${of.directory}" --theirs\` (or \`--ours\`), for all of them or for the paths that you name; --store is what the datastore has as its store. Nothing is lost until then.`,
      options,
    )
    this.namespace = of.namespace
    this.paths = paths
    this.directory = of.directory
  }
}

/** The same error, under the name by which swamp knows that its own signal ended the work. */
export function asAbortError(error: AbortedError): AbortedError {
  error.name = 'AbortError'
  return error
}
