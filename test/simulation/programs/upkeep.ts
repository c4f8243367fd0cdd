// Steps of upkeep, beside everything else.
import type { Namespace } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'

export async function compact(_actor: Actor, namespace: Namespace): Promise<void> {
  await namespace.compact()
}
