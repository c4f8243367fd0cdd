// The main job in one call: finds the store and the parent, forks (or resumes) the run, calls the function, folds.
import { findConfig } from './config.ts'
import { RunNotFoundError } from './errors.ts'
import { openPlace } from './integrations/worktree/use.ts'
import { parseSegment } from './names.ts'
import { type ForkOptions, parseForkOptions, parseRunCopyOptions, type RunCopyOptions } from './options.ts'
import type { FoldResult } from './run/fold.ts'
import type { RunOptions } from './run/run.ts'
import { withRun } from './run/with-run.ts'
import { abandonRun, assertFitsRun, openRunCopy, withRunCopy } from './run-copy.ts'
import { Namespace, openStore, type Run, Store } from './runlet.ts'
import type { WorkingCopy } from './sync/working-copy.ts'

/** Where a run is forked, and what comes of it. */
export interface RunNamespaceOptions extends ForkOptions {
  /** A store, or its URL. Default: RUNLET_STORE, else runlet.config.json. */
  readonly store?: Store | string | undefined
  /** The parent, or its name. Default: RUNLET_NAMESPACE, else runlet.config.json. */
  readonly parent?: Namespace | string | undefined
  /** Go on with a run of this id whose owner is gone, if there is one. Default: false. */
  readonly resume?: boolean | undefined
  /** A directory that holds what the run has while `fn` runs, and whose changes the run gets. Default: none. */
  readonly copy?: RunCopyOptions | undefined
  /** Told of the fold, once it is durable. */
  readonly onFold?: ((result: FoldResult) => void) | undefined
}

/**
 * Runs `fn` in a child namespace of its own and folds it into the parent; resolves to fn's value once the fold is durable.
 * With `copy`, `fn` gets the working copy too: pulled before, pushed before the fold.
 * @param runId 1 to 64 of a-z, 0-9, '.', '_' and '-'
 * @param options `store` and `parent` default to RUNLET_STORE and RUNLET_NAMESPACE, else the namespace of the git worktree (which the
 *   first use forks), else runlet.config.json
 * @throws what fn throws, after the run was kept (default), discarded or folded; RunInUseError; ConflictError when the fold
 *   is refused, or a push or pull of the copy (the run is kept); CopyMismatchError; ConfigError when nothing says which store to use
 */
export function withRunNamespace<T>(
  runId: string,
  fn: (run: Run, copy: WorkingCopy) => T | Promise<T>,
  options: RunNamespaceOptions & { readonly copy: RunCopyOptions },
): Promise<T>
export function withRunNamespace<T>(
  runId: string,
  fn: (run: Run) => T | Promise<T>,
  options?: RunNamespaceOptions,
): Promise<T>
export async function withRunNamespace<T>(
  runId: string,
  fn: (run: Run, copy: WorkingCopy) => T | Promise<T>,
  options: RunNamespaceOptions = {},
): Promise<T> {
  const { store: _, parent: __, onFold, resume = false, copy, ...rest } = options
  const forkOptions = parseForkOptions(rest)
  const job = { runId: parseSegment(runId, 'run id'), fn, resume, onFold, copy: copy && parseRunCopyOptions(copy) }
  if (options.parent instanceof Namespace) {
    return runIn(options.parent, forkOptions, { ...job, storeUrl: urlOf(options.store) })
  }
  const config = options.store instanceof Store && options.parent ? undefined : await configFor(options)
  const store =
    options.store instanceof Store
      ? options.store
      : await openStore(config?.store ?? '', { author: config?.author, folder: config?.folder })
  try {
    const parent =
      config && !options.parent ? await openPlace(store, config) : await store.namespace(options.parent ?? '')
    const withPolicy = { ...forkOptions, onConflict: forkOptions.onConflict ?? config?.onConflict }
    return await runIn(parent, withPolicy, { ...job, storeUrl: store.url })
  } finally {
    if (store !== options.store) await store.close()
  }
}

const urlOf = (store: Store | string | undefined) => (store instanceof Store ? store.url : undefined)

const configFor = ({ store, parent }: RunNamespaceOptions) =>
  findConfig({
    store: typeof store === 'string' ? store : store?.url,
    namespace: typeof parent === 'string' ? parent : undefined,
  })

interface Job<T> {
  readonly runId: string
  readonly fn: (run: Run, copy: WorkingCopy) => T | Promise<T>
  readonly resume: boolean
  readonly onFold: RunNamespaceOptions['onFold']
  readonly copy: RunCopyOptions | undefined
  readonly storeUrl: string | undefined
}

async function runIn<T>(parent: Namespace, options: RunOptions, job: Job<T>): Promise<T> {
  const { fn, copy: asked, storeUrl, onFold } = job
  const ends = { onError: options.onError, onFold }
  // By the overloads above, who asked for no copy has a function that takes none.
  if (!asked) return withRun((await forkOrResume(parent, options, job)).run, fn as (run: Run) => T | Promise<T>, ends)
  await assertFitsRun(asked, storeUrl)
  const { run, fresh } = await forkOrResume(parent, options, job)
  const copy = await openRunCopy(run, asked).catch(async error => {
    await abandonRun(run, fresh, error)
    throw error
  })
  return withRunCopy(run, fn, { ...asked, copy }, ends)
}

async function forkOrResume(
  parent: Namespace,
  options: RunOptions,
  { runId, resume }: Pick<Job<unknown>, 'runId' | 'resume'>,
): Promise<{ run: Run; fresh: boolean }> {
  if (resume) {
    try {
      const run = await parent.resume(runId, options)
      if (run.token > 0) return { run, fresh: false }
    } catch (error) {
      if (!(error instanceof RunNotFoundError)) throw error
    }
  }
  return { run: await parent.fork(runId, options), fresh: true } // there was none, or it has ended
}
