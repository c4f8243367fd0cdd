// The main job: run a function in a namespace of its own, and fold what it wrote into the parent when it is done.
import type { FoldResult } from './fold.ts'
import type { OnError } from './run.ts'

/** What withRun needs of a run; Run has it. */
interface Endable {
  fold(): Promise<FoldResult>
  discard(): Promise<void>
  release(): Promise<void>
}

/**
 * Runs `fn` and folds the run; resolves to fn's value once the fold is durable. When `fn` throws, its error is passed on and
 * the run is kept, discarded or folded. When the fold itself is refused, the run is kept.
 */
export async function withRun<R extends Endable, T>(
  run: R,
  fn: (run: R) => T | Promise<T>,
  { onError, onFold }: { onError: OnError; onFold: ((result: FoldResult) => void) | undefined },
): Promise<T> {
  let value: T
  try {
    value = await fn(run)
  } catch (error) {
    await settleFailed(run, onError, error)
    throw error
  }
  let result: FoldResult
  try {
    result = await run.fold()
  } catch (error) {
    await run.release().catch(() => undefined) // its lease expires anyway; the fold's error is what matters
    throw error
  }
  onFold?.(result)
  return value
}

/** Does what was chosen for a failed run. Should that fail too, both errors are told. */
async function settleFailed(run: Endable, onError: OnError, error: unknown): Promise<void> {
  try {
    if (onError === 'discard') await run.discard()
    else if (onError === 'fold') await run.fold()
    else await run.release()
  } catch (second) {
    await run.release().catch(() => undefined) // nobody else can settle it while it is held
    const why = second instanceof Error ? second.message : String(second)
    throw new AggregateError([error, second], `the run failed, and so did its end (${onError}): ${why}`, {
      cause: error,
    })
  }
}
