// Putting an object that nobody else writes, under an id that is used once: sending it again is harmless, so an unknown outcome
// is simply tried again. All that a head refers to is put this way, before the head.
import { AsyncResource } from 'node:async_hooks'
import PQueue from 'p-queue'
import type { Ambient } from '../ambient.ts'
import { AmbiguousWrite, ThrottledError } from '../errors.ts'
import type { ObjectStore } from './object-store.ts'

const ATTEMPTS = 5
/** Of one store, at the same time: enough to hide the latency, few enough for sockets and memory. */
const CONCURRENCY = 32

const queues = new WeakMap<ObjectStore, PQueue>()

function queueOf(store: ObjectStore): PQueue {
  const queue = queues.get(store) ?? new PQueue({ concurrency: CONCURRENCY })
  queues.set(store, queue)
  return queue
}

export async function putImmutable(store: ObjectStore, ambient: Ambient, key: string, body: Uint8Array): Promise<void> {
  // Bound to the caller's context: the queue may start it in that of another, whose meter it would be counted on.
  await queueOf(store).add(AsyncResource.bind(() => putUntilKnown(store, ambient, key, body)))
}

async function putUntilKnown(store: ObjectStore, ambient: Ambient, key: string, body: Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.put(key, body)
      return
    } catch (error) {
      const again = error instanceof AmbiguousWrite || error instanceof ThrottledError
      if (!again || attempt === ATTEMPTS) throw error
      await ambient.sleep(25 * 2 ** attempt * (0.5 + ambient.random()))
    }
  }
}
