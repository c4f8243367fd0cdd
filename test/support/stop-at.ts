// Stops the process that it is in, as one whose machine goes to sleep: at the end of a chosen request, while it holds a lease of a kind.
import { subscribe } from 'node:diagnostics_channel'
import type { LeaseEvent } from '../../lib/events.ts'
import { say } from './worker.ts'

export interface StopsAt {
  readonly lease: string
  /** Counted from when it has the lease; should it give that back before, then in a later holding. */
  readonly request: number
}

/** Once; it says "stops" right before. Tells whether it has. */
export function stopAt({ lease, request }: StopsAt): () => boolean {
  let requests: number | undefined
  subscribe('runlet:lease', event => {
    const { lease: which, what } = event as LeaseEvent
    if (which !== lease || what === 'renewed' || what === 'waiting') return
    requests = what === 'acquired' || what === 'taken-over' ? 0 : undefined
  })
  let stopped = false
  subscribe('runlet:request', () => {
    if (requests === undefined || stopped) return
    requests += 1
    if (requests < request) return
    stopped = true
    void say('stops').then(() => process.kill(process.pid, 'SIGSTOP'))
  })
  return () => stopped
}
