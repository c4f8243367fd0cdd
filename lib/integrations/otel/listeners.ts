// Listening to the channels, typed. By their names alone: so one observer sees every copy of runlet that is loaded in the process, of
// another version perhaps. What a listener cannot make sense of must not end the process, as an error in a subscriber would.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { diag } from '@opentelemetry/api'
import type { RunletEvents } from '../../events.ts'

/** What is to be done about the events of each channel. */
export type Listeners = { readonly [Name in keyof RunletEvents]: (event: RunletEvents[Name]) => void }

/** Has the listeners called from now on, until the function that it returns is. */
export function listen(listeners: Listeners): () => void {
  const entries = Object.entries<(event: never) => void>(listeners).map(
    ([name, listener]) => [name, harmless(listener)] as const,
  )
  for (const [name, listener] of entries) subscribe(name, listener)
  return () => {
    for (const [name, listener] of entries) unsubscribe(name, listener)
  }
}

function harmless(listener: (event: never) => void): (event: unknown) => void {
  return event => {
    try {
      listener(event as never)
    } catch (error) {
      diag.error('runlet: an event could not be recorded', error)
    }
  }
}
