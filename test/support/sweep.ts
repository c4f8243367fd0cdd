// The store's sweep, for tests that were written before it.
import type { Store } from '../../lib/runlet.ts'

interface Sweeps {
  sweep(options?: { keepMs?: number }): Promise<{
    readonly problems: readonly { readonly what: string; readonly code: string; readonly message: string }[]
  }>
}

/** Undefined where there is none yet. */
export function sweepOf(store: Store): Sweeps['sweep'] | undefined {
  return (store as Partial<Sweeps>).sweep?.bind(store)
}
