// The worker's end of fleet.ts: its job, what it says, and what it is told. A worker whose test has died goes too; one that
// throws ends with the error on stderr and a failing exit code, which fails the test.
import { LeaseLostError, LockTimeoutError } from '../../lib/errors.ts'

process.on('disconnect', () => process.exit(1))

/** The job that the test gave. */
export const jobOf = <Job>(): Job => JSON.parse(process.argv[2] ?? '{}')

/** Says something to the test. Resolves when it has left this process. */
export function say(kind: string, facts: object = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.({ ...facts, kind }, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}

/** Resolves when the test has said `kind`. */
export function told(kind: string): Promise<void> {
  return new Promise(resolve => {
    process.on('message', said => {
      if ((said as { kind: string }).kind === kind) resolve()
    })
  })
}

/**
 * Does something, and again where an error says so: what a process loses or waits for in vain, on a busy machine, when the clock
 * of leases runs many times as fast as it does.
 */
export async function startingAgain<T>(work: () => Promise<T>, times = 10): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (times === 0 || !(error instanceof LeaseLostError || error instanceof LockTimeoutError)) throw error
    return startingAgain(work, times - 1)
  }
}

/** Ends this process as one that did its job. */
export const done = (): never => process.exit(0)
