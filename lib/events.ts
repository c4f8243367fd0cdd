// What happens, published on node:diagnostics_channel, so that metrics and traces need no patching and the library logs nothing.
// A channel without subscribers costs a property read. Payloads are plain data; their shapes are part of the public surface.
import { channel } from 'node:diagnostics_channel'

/** One request at the store, published when it has ended on `runlet:request`. */
export interface RequestEvent {
  operation: 'get' | 'put' | 'delete' | 'list'
  key: string
  bytesUp: number
  bytesDown: number
  durationMs: number
  /** `ok`, or the code of the error. */
  outcome: string
}

/** One commit that stands, published on `runlet:commit` by the process that swapped the head. */
export interface CommitEvent {
  namespace: string
  seq: number
  id: string
  author: string
  rows: number
  /** How many commits went in with the same swap. */
  batchSize: number
}

/** One fold that stands, published on `runlet:fold` by the process that asked for it. */
export interface FoldEvent {
  namespace: string
  run: string
  seq: number
  rows: number
  requests: number
  waitedMs: number
  heldMs: number
  batchSize: number
}

/** A step in the life of a lease, published on `runlet:lease`. */
export interface LeaseEvent {
  lease: string
  what: 'acquired' | 'taken-over' | 'renewed' | 'released' | 'lost' | 'waiting'
  token: number
  label: string
}

interface Events {
  'runlet:request': RequestEvent
  'runlet:commit': CommitEvent
  'runlet:fold': FoldEvent
  'runlet:lease': LeaseEvent
}

const channels = {
  'runlet:request': channel('runlet:request'),
  'runlet:commit': channel('runlet:commit'),
  'runlet:fold': channel('runlet:fold'),
  'runlet:lease': channel('runlet:lease'),
}

/** Publishes one event; `make` runs only when somebody listens. */
export function publish<Name extends keyof Events>(name: Name, make: () => Events[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(make())
}
