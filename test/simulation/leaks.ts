// What a store holds after its last sweep: nothing that nothing reaches.
import type { Scene } from './scene.ts'
import { Violation } from './violation.ts'

/** Heads and leases stay for as long as their namespace's name does; the format mark for ever. */
const STAYS = /^runlet\.json$|\/_\/head$|\/_\/lease\/[^/]+$/

export function checkLeaks({ witness }: Scene): void {
  const live = witness.reach.live()
  const left = [...witness.bucket.objects.keys()].filter(key => !live.has(key) && !STAYS.test(key))
  if (left.length > 0)
    throw new Violation('G9', `${left.length} objects are left that nothing reaches: ${left.slice(0, 4)}`)
  const missing = [...live].find(key => !witness.decoder.exists(key))
  if (missing) throw new Violation('G9', `${missing} is reached, and gone`)
}
