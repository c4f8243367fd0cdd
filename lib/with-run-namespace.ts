// The main job in one call: finds the store and the parent, forks (or resumes) the run, calls the function, folds.
import { findConfig } from './config.ts'
import { RunNotFoundError } from './errors.ts'
import { parseSegment } from './names.ts'
import { type ForkOptions, parseForkOptions } from './options.ts'
import type { FoldResult } from './run/fold.ts'
import { withRun } from './run/with-run.ts'
import { Namespace, openStore, type Run, Store } from './runlet.ts'

export interface RunNamespaceOptions extends ForkOptions {
  /** A store, or its URL. Default: RUNLET_STORE, else runlet.config.json. */
  readonly store?: Store | string | undefined
  /** The parent, or its name. Default: RUNLET_NAMESPACE, else runlet.config.json. */
  readonly parent?: Namespace | string | undefined
  /** Go on with a run of this id whose owner is gone, if there is one. Default: false. */
  readonly resume?: boolean | undefined
  /** Told of the fold, once it is durable. */
  readonly onFold?: ((result: FoldResult) => void) | undefined
}

/**
 * Runs `fn` in a child namespace of its own and folds it into the parent; resolves to fn's value once the fold is durable.
 * @param runId 1 to 64 of a-z, 0-9, '.', '_' and '-'
 * @param options `store` and `parent` default to RUNLET_STORE and RUNLET_NAMESPACE, else runlet.config.json
 * @throws what fn throws, after the run was kept (default), discarded or folded; RunInUseError; ConflictError when the fold
 *   is refused (the run is kept); ConfigError when nothing says which store to use
 */
export async function withRunNamespace<T>(
  runId: string,
  fn: (run: Run) => T | Promise<T>,
  options: RunNamespaceOptions = {},
): Promise<T> {
  const { store: _, parent: __, onFold, resume, ...rest } = options
  const forkOptions = parseForkOptions(rest)
  const { onError } = forkOptions
  parseSegment(runId, 'run id')
  if (options.parent instanceof Namespace) {
    return withRun(await forkOrResume(options.parent, runId, forkOptions, resume ?? false), fn, { onError, onFold })
  }
  const config = options.store instanceof Store && options.parent ? undefined : await configFor(options)
  const store =
    options.store instanceof Store
      ? options.store
      : await openStore(config?.store ?? '', { author: config?.author, folder: config?.folder })
  try {
    const parent = await store.namespace(options.parent ?? config?.namespace ?? '')
    const withPolicy = { ...forkOptions, onConflict: forkOptions.onConflict ?? config?.onConflict }
    return await withRun(await forkOrResume(parent, runId, withPolicy, resume ?? false), fn, { onError, onFold })
  } finally {
    if (store !== options.store) await store.close()
  }
}

const configFor = ({ store, parent }: RunNamespaceOptions) =>
  findConfig({
    store: typeof store === 'string' ? store : store?.url,
    namespace: typeof parent === 'string' ? parent : undefined,
  })

async function forkOrResume(parent: Namespace, runId: string, options: ForkOptions, resume: boolean): Promise<Run> {
  if (!resume) return parent.fork(runId, options)
  try {
    const run = await parent.resume(runId, options)
    if (run.token > 0) return run
  } catch (error) {
    if (!(error instanceof RunNotFoundError)) throw error
  }
  return parent.fork(runId, options) // there was none, or it has ended
}
