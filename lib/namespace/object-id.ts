// Ids of immutable objects and commits: the writer's clock first, so that a listing can start at a time, then randomness, so
// that no two are alike whatever the clocks say. Nothing rests on their order being right.
import type { Ambient } from '../ambient.ts'

const TIME_DIGITS = 9

export function newId(ambient: Ambient): string {
  return `${Math.max(0, Math.floor(ambient.now())).toString(36).padStart(TIME_DIGITS, '0')}-${ambient.randomId()}`
}
