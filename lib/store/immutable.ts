// Putting an object that nobody else writes, under an id that is used once: sending it again is harmless, so an unknown outcome
// is simply tried again. All that a head refers to is put this way, before the head.
import type { Ambient } from '../ambient.ts'
import { AmbiguousWrite, ThrottledError } from '../errors.ts'
import type { ObjectStore } from './object-store.ts'

const ATTEMPTS = 5

export async function putImmutable(store: ObjectStore, ambient: Ambient, key: string, body: Uint8Array): Promise<void> {
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
