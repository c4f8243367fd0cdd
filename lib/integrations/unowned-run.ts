// A run that no process owns, for what outlives its processes: a worktree, a swamp datastore. It is forked at its first use, by whichever
// command comes first, and its ownership is given up at once; several commands may come first at the same time.
import { systemAmbient } from '../ambient.ts'
import { RunInUseError } from '../errors.ts'
import type { ForkOptions } from '../options.ts'
import type { Namespace } from '../runlet.ts'

/** How long a command that was killed in the middle of the fork keeps the next ones waiting. */
export const FORK_TTL_MS = 10_000
const PAUSE_MS = 100

/**
 * Forks the run and gives its ownership up. One of this id is that of a command that came first, which is waited for, or was killed, which
 * is completed.
 * @param options its `ttlMs` is FORK_TTL_MS
 * @throws RunInUseError when somebody lives in it
 */
export async function forkUnowned(namespace: Namespace, id: string, options: ForkOptions): Promise<void> {
  const until = systemAmbient.monotonic() + 2 * FORK_TTL_MS
  const forked = namespace.fork(id, options)
  for (let run = forked; ; run = namespace.resume(id, options)) {
    try {
      return await (await run).release()
    } catch (error) {
      const isUnderWay = error instanceof RunInUseError && systemAmbient.monotonic() < until
      if (!isUnderWay) throw error
      if (run !== forked) await systemAmbient.sleep(PAUSE_MS)
    }
  }
}
