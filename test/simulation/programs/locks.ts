// Steps that hold a lock while they write (G7).
import type { Namespace } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { commit, counted } from './writes.ts'

/** Counts up while it holds the lock of the counter, some of it after having been away for a while. */
export async function locked(actor: Actor, namespace: Namespace): Promise<void> {
  const { random } = actor
  const name = `counter-${random.below(2)}`
  await namespace.lock(
    name,
    async lock => {
      for (let i = 1 + random.below(2); i > 0; i--) {
        if (random.chance(0.3)) await actor.think(random.next() * 3_000)
        await commit(actor, namespace, {
          lock,
          paths: [`locked/${name}`],
          change: (invocation, [old]) => [counted(invocation, old)],
        })
      }
    },
    { ttlMs: 4_000, waitMs: 300_000 },
  )
}
