// Ids of immutable objects and commits: the writer's clock first, so that a listing can start at a time, then randomness, so
// that no two are alike whatever the clocks say. Nothing rests on their order being right.
import type { Ambient } from '../ambient.ts'

const TIME_DIGITS = 9

export function newId(ambient: Ambient): string {
  return `${idsFrom(ambient.now())}-${ambient.randomId()}`
}

/** Comes before all ids that were made then or later, by their makers' clocks. */
export const idsFrom = (time: number): string => Math.max(0, Math.floor(time)).toString(36).padStart(TIME_DIGITS, '0')
