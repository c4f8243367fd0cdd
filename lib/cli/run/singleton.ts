// `--singleton KEY`: does the work only if nobody else holds the lock KEY of the namespace, and while it is held (G6).
import { LockTimeoutError } from '../../errors.ts'
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
    // Lost: the work has seen that by its signal. Not given back: it expires. Either way the work has come to its own end.
    if (outcome) return outcome.value
    if (error instanceof LockTimeoutError) throw new SingletonTakenError(singleton, error.holder, error)
    throw error
  }
  if (!outcome) throw new Error('the lock was given back before the work was done')
  return outcome.value
}
