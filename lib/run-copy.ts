// The working copy of a run: a directory that holds what the run has, for as long as the run is in use. It is pulled before the
// work begins, and pushed before the run is folded or kept, so that the run has what the directory has. The same directory may
// serve one run after the other: what the last one left costs no second download.
import { resolve } from 'node:path'
import { systemAmbient } from './ambient.ts'
import { ConflictError, CopyMismatchError } from './errors.ts'
import type { RunCopyOptions } from './options.ts'
import type { FoldResult } from './run/fold.ts'
import type { OnError } from './run/run.ts'
import { withRun } from './run/with-run.ts'
import type { Run } from './runlet.ts'
import { CopyState } from './sync/copy-state.ts'
import { keepInStep } from './sync/keep-in-step.ts'
import type { PushResult, WorkingCopy } from './sync/working-copy.ts'

/** What `log` shows of the commits that a working copy of a run makes. */
const MESSAGE = 'working copy of the run'

/**
 * To be asked before a run is made for it. Asks no store.
 * @throws CopyMismatchError when the directory is a copy from another store, or of other paths
 */
export async function assertFitsRun(
  { directory, prefix }: RunCopyOptions,
  storeUrl: string | undefined,
): Promise<void> {
  const found = await new CopyState(resolve(directory), systemAmbient).header()
  if (!found) return
  const asked = { store: storeUrl ?? found.store, prefix: prefix ?? found.prefix }
  if (found.store === asked.store && found.prefix === asked.prefix) return
  const [is, wanted] = [found, asked].map(({ store, prefix }) => `paths in ${store} (prefix "${prefix}")`)
  throw new CopyMismatchError(directory, is ?? '', wanted ?? '')
}

/**
 * Opens the directory as the run's and pulls. What it has that was never pushed stays, as a change that the run makes.
 * @throws ConflictError when the run's parent changed the same paths: to be settled before work begins
 */
export async function openRunCopy(run: Run, { directory, prefix }: RunCopyOptions): Promise<WorkingCopy> {
  const copy = await run.workingCopy(directory, { prefix, rebind: true })
  try {
    const { conflicts } = await copy.pull()
    if (conflicts.length > 0) throw new ConflictError(run.name, conflicts)
    return copy
  } catch (error) {
    await copy.dispose()
    throw error
  }
}

export const pushRunCopy = (copy: WorkingCopy): Promise<PushResult> => copy.push({ message: MESSAGE })

/** After openRunCopy failed: a conflict is to be settled, so its run is kept; of a run made for nothing else nothing is left. */
export async function abandonRun(run: Run, fresh: boolean, error: unknown): Promise<void> {
  const ending = fresh && !(error instanceof ConflictError) ? run.discard() : run.release()
  await ending.catch(() => undefined) // its lease expires; why there is no copy is what matters
}

/**
 * As withRun, with a working copy that is pushed every so often, and before the run is folded or kept. `fn` has one of its own on the
 * same directory: what it marks as dirty there must not narrow what is pushed here.
 */
export async function withRunCopy<T>(
  run: Run,
  fn: (run: Run, copy: WorkingCopy) => T | Promise<T>,
  options: RunCopyOptions & { copy: WorkingCopy },
  ends: { onError: OnError; onFold: ((result: FoldResult) => void) | undefined },
): Promise<T> {
  const { copy } = options
  const given = await run.workingCopy(copy.directory, { prefix: copy.prefix }).catch(async error => {
    await copy.dispose()
    await abandonRun(run, false, error)
    throw error
  })
  const pushes = startPushing(run, copy, options)
  const ending = {
    fold: () => pushes.last().then(() => run.fold()),
    release: () => pushes.last().finally(() => run.release()),
    discard: () => pushes.stop().then(() => run.discard()),
  }
  try {
    return await withRun(ending, () => fn(run, given), ends)
  } finally {
    await pushes.stop()
    await given.dispose()
    await copy.dispose()
  }
}

interface Pushes {
  /** Resolves once none is in progress, nor will be. */
  stop(): Promise<unknown>
  /** Stops them and pushes for the last time. Asked again, it says again how that went. */
  last(): Promise<void>
}

function startPushing(run: Run, copy: WorkingCopy, { syncMs, onFailedSync }: RunCopyOptions): Pushes {
  const push = async () => void (await pushRunCopy(copy))
  const over = new AbortController()
  const signal = AbortSignal.any([over.signal, run.signal])
  const rounds =
    syncMs === undefined
      ? undefined
      : keepInStep(push, { everyMs: syncMs, ambient: systemAmbient, signal, onFailure: onFailedSync })
  const stop = async () => {
    over.abort()
    await rounds
  }
  let last: Promise<void> | undefined
  return {
    stop,
    last: () => {
      last ??= stop().then(push)
      return last
    },
  }
}
