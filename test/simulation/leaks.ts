// What a store holds after its last sweep: nothing that nothing reaches.
import type { Scene } from './scene.ts'
import { Violation } from './violation.ts'

/** Heads and leases stay for as long as their name does, and what a sweep remembers for the next one; the format mark for ever. */
const STAYS = /^runlet\.json$|\/_\/head$|\/_\/lease\/[^/]+$|\/_\/sweep\/(?:seen|orphans)$/

/**
 * What a life of a run id left, when the next one began before a sweep had emptied its folder, is overlooked if its parent needed it no
 * more by the first sweep (lib/run/sweep/ended-runs.ts takes it for the parent's): known, and it costs room, no data.
 */
const isOfEarlierLife = ({ witness }: Scene, key: string, putAt: number): boolean => {
  const [, namespace = ''] = /^ns\/(.+)\/_\//.exec(key) ?? []
  const above = namespace.split('/').map((_, i, segments) => segments.slice(0, i + 1).join('/'))
  return above.some(name => (witness.space(name)?.latest?.head.after ?? 0) >= putAt)
}

/** What a writer put whose clock was off by more than a day a sweep may overlook: that costs room, no data. */
const CLOCK_SKEW_MS = 86_400_000

export function checkLeaks(scene: Scene): void {
  const { witness } = scene
  const live = witness.reach.live()
  const roots = [...live].filter(key => /\/_\/(?:head|forks\/[^/]+)$/.test(key))
  const hidden = new Set(roots.flatMap(key => [...witness.decoder.hidden(witness.decoder.document(key))]))
  const left = [...witness.bucket.objects]
    .filter(([key]) => !live.has(key) && !hidden.has(key) && !STAYS.test(key))
    .filter(([key, { lastModified }]) => !(Math.abs(writersClock(key) - lastModified) >= CLOCK_SKEW_MS))
    .filter(([key, { lastModified }]) => !isOfEarlierLife(scene, key, lastModified))
    .map(([key]) => key)
  if (left.length > 0)
    throw new Violation('G9', `${left.length} objects are left that nothing reaches: ${left.slice(0, 4)}`)
  const missing = [...live].find(key => !witness.decoder.exists(key))
  if (missing) throw new Violation('G9', `${missing} is reached, and gone`)
}

/** Ids begin with it. */
const writersClock = (key: string): number => Number.parseInt(/\/([0-9a-z]{9})-[^/]*$/.exec(key)?.[1] ?? '', 36)
