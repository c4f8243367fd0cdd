// How long the merge lease of a namespace was held: what a hold of today's lock compares with. Of all clients in this process.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LeaseEvent } from '../../../lib/events.ts'

const ENDS: readonly LeaseEvent['what'][] = ['released', 'abandoned', 'lost']

/** The holds that ended while `work` lasted, in milliseconds. */
export async function withMergeHolds<T>(
  namespace: string,
  work: () => Promise<T>,
): Promise<{ value: T; holds: number[] }> {
  const holds: number[] = []
  const note = (event: unknown) => {
    const { key, what, heldMs } = event as LeaseEvent
    if (key === `ns/${namespace}/_/lease/merge` && ENDS.includes(what)) holds.push(heldMs)
  }
  subscribe('runlet:lease', note)
  try {
    return { value: await work(), holds }
  } finally {
    unsubscribe('runlet:lease', note)
  }
}
