// Ids of immutable objects and commits: the writer's clock first, so that a listing can start at a time, then randomness, so
// that no two are alike whatever the clocks say. Nothing rests on their order being right.
import type { Ambient } from '../ambient.ts'

const TIME_DIGITS = 9

/**
 * The fork ids of refreshes begin so: a policy can let a run's user put their pins, and not the pin that its fork has made. (Ceph's gateway
 * looks for what follows a `*` only once, so the end of an id would not do.)
 */
export const REFRESH_ID = 'refresh-'

export function newId(ambient: Ambient): string {
  return `${idsFrom(ambient.now())}-${ambient.randomId()}`
}

/** Comes before all ids that were made then or later, by their makers' clocks. */
export const idsFrom = (time: number): string => Math.max(0, Math.floor(time)).toString(36).padStart(TIME_DIGITS, '0')

/** When it was made, by its maker's clock; undefined of what is no such id. */
export function timeOfId(id: string): number | undefined {
  const [, digits] = /^(?:refresh-)?([0-9a-z]{9,11})-/.exec(id) ?? []
  const time = digits === undefined ? Number.NaN : Number.parseInt(digits, 36)
  return time <= MAX_TIME ? time : undefined
}

/** The last that a date can show. */
const MAX_TIME = 8.64e15
