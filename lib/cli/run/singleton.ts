// `--singleton KEY`: does the work only if nobody else holds the lock KEY of the namespace, and while it is held (G6).
import { LeaseLostError, LockTimeoutError } from '../../errors.ts'
import type { Namespace } from '../../runlet.ts'
import { SingletonTakenError } from '../errors.ts'

/** `work` gets a signal that aborts when the lock is lost; without a key it never does. @throws SingletonTakenError */
export async function alone<T>(
  namespace: Namespace,
  { singleton, label }: { singleton: string | undefined; label: string },
  work: (held: AbortSignal) => Promise<T>,
): Promise<T> {
  if (singleton === undefined) return work(new AbortController().signal)
  let outcome: { value: T } | undefined
  try {
    await namespace.lock(
      singleton,
      async lock => {
        outcome = { value: await work(lock.signal) }
      },
      { waitMs: 0, label },
    )
  } catch (error) {
    if (error instanceof LockTimeoutError) throw new SingletonTakenError(singleton, error.holder, error)
    // The work has seen by its signal that the lock was lost, and has come to its own end.
    if (!(error instanceof LeaseLostError && outcome)) throw error
  }
  if (!outcome) throw new Error('the lock was given back before the work was done')
  return outcome.value
}
