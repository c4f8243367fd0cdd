// Where a workflow writes. This is the only file that differs between a run each and one namespace for all; in both, a driver that
// lost the workflow to another one (it was paused for too long) can write no more.
import { setTimeout as pause } from 'node:timers/promises'
import { type Namespace, openStore, RunInUseError, type WriteOptions, withRunNamespace } from 'runlet'

export type Mode = 'runs' | 'shared'

export interface Place {
  readonly namespace: Namespace
  /** Greater with each driver that takes the workflow over. */
  readonly token: number
  /** Aborts when the workflow is no longer ours. */
  readonly signal: AbortSignal
  /** What each write is given. */
  readonly write: WriteOptions | undefined
  /** Lets what an agent writes with `runlet put` land here too. */
  readonly environment: Readonly<Record<string, string>>
}

export interface About {
  readonly store: string
  /** The parent of the runs, or the one namespace for all. */
  readonly parent: string
  /** How long a workflow stays out of reach once its driver died. */
  readonly ttlMs: number
  readonly signal: AbortSignal
  /** Told of who has a workflow that this driver waits for. */
  readonly onWait: (id: string, holder: string) => void
}

type Work<T> = (place: Place) => Promise<T>

export const placeOf = { runs: inRun, shared: inShared } satisfies Record<Mode, unknown>

/** In a run of its own: folded when the work is done, kept to be gone on with when it fails or dies. */
async function inRun<T>(id: string, work: Work<T>, { store, parent, ttlMs, signal, onWait }: About): Promise<T> {
  const givesUpAt = performance.now() + 2 * ttlMs + 2000
  for (;;) {
    try {
      return await withRunNamespace(
        id,
        run => {
          const environment = environmentOf(store, run.name, { RUNLET_RUN_ID: id, RUNLET_OWNER_TOKEN: `${run.token}` })
          return work({ namespace: run, token: run.token, signal: run.signal, write: undefined, environment })
        },
        { store, parent, ttlMs, signal, label: `adw ${id}`, resume: true },
      )
    } catch (error) {
      // A driver that was killed could not give its lease back: it runs out.
      if (!(error instanceof RunInUseError && performance.now() < givesUpAt)) throw error
      onWait(id, error.holder)
      await pause(250, undefined, { signal })
    }
  }
}

/** In the namespace that all share, under a lock of its own. A store is opened for each, as if it were a process of its own. */
async function inShared<T>(id: string, work: Work<T>, { store: url, parent, ttlMs, signal }: About): Promise<T> {
  const store = await openStore(url)
  try {
    const namespace = await store.namespace(parent)
    const environment = environmentOf(url, parent)
    return await namespace.lock(
      `adw-${id}`,
      lock => {
        const either = AbortSignal.any([lock.signal, signal])
        return work({ namespace, token: lock.token, signal: either, write: { lock }, environment })
      },
      { ttlMs, waitMs: 2 * ttlMs + 2000, signal, label: `adw ${id}` },
    )
  } finally {
    await store.close()
  }
}

const environmentOf = (store: string, namespace: string, more = {}): Record<string, string> => {
  return { RUNLET_STORE: store, RUNLET_NAMESPACE: namespace, ...more }
}
