// Steps of upkeep, beside everything else.
import type { Namespace } from '../../../lib/runlet.ts'
import type { Actor } from '../actor.ts'
import { Violation } from '../violation.ts'

export async function compact(_actor: Actor, namespace: Namespace): Promise<void> {
  await namespace.compact()
}

/** At any time, several at once, by processes that sleep in the midst of it. */
export async function sweep(actor: Actor): Promise<void> {
  const { graceMs } = actor.scene.plan
  await actor.store.sweep({ keepMs: 2 * graceMs, dryRun: actor.random.chance(0.1) })
}

/** Sweeps until all that nothing refers to is old enough to go, and looks that the last one says beforehand what it does. */
export async function sweepClean(actor: Actor): Promise<void> {
  const { graceMs } = actor.scene.plan
  for (const graces of [2, 26, 2, 2, 2, 2]) {
    await actor.think(graces * graceMs)
    const { problems } = await actor.store.sweep({})
    for (const { what, code, message } of problems)
      throw new Violation('G6', `the sweep of ${what}: ${code} ${message}`)
  }
  const { objects } = actor.scene.witness.bucket
  const before = JSON.stringify([...objects].map(([key, { etag }]) => [key, etag]))
  const { removed } = await actor.store.sweep({ dryRun: true })
  if (JSON.stringify([...objects].map(([key, { etag }]) => [key, etag])) !== before)
    throw new Violation('G10', 'a dry run of a sweep changed something')
  if (removed.objects > 0) throw new Violation('G6', `after all sweeps there are ${removed.objects} objects to remove`)
}
