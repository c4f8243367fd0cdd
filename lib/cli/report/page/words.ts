// Times and amounts as people read them, and what the fates of runs are called. Pure.
import { timeDay, timeFormat, timeMinute, timeMonth } from 'd3'
import type { RunFate } from '../page-data.ts'

export const FATES: Readonly<Record<RunFate, string>> = {
  working: 'working',
  folding: 'folding',
  folded: 'folded',
  kept: 'kept',
  gone: 'owner gone',
  discarded: 'discarded',
  unreadable: 'unreadable',
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
  ['ms', 1],
]

/** In its two greatest units: `1 h 4 min`, `2.5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(1))} s`
  const at = UNITS.findIndex(([, size]) => ms >= size)
  const [name, size] = UNITS[at] ?? ['ms', 1]
  const [nextName, nextSize] = UNITS[at + 1] ?? ['ms', 1]
  const rest = Math.floor((ms % size) / nextSize)
  return `${Math.floor(ms / size)} ${name}${rest > 0 ? ` ${rest} ${nextName}` : ''}`
}

const clock = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** The last, and with a minus the first, that a date can show. Stored times can be anything that somebody wrote. */
const LAST = 8.64e15

export const showable = (time: number): number => Math.min(Math.max(time, -LAST), LAST)

export const moment = (time: number): string => clock.format(showable(time))

export const counted = (count: number, one: string): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : `${one}s`}`

const seconds = timeFormat('%H:%M:%S')
const minutes = timeFormat('%H:%M')
const days = timeFormat('%a %d')
const months = timeFormat('%d %b')

/** What stands at a tick of an axis: what differs from the one before. */
export function tick(value: Date | { valueOf(): number }): string {
  const date = new Date(value.valueOf())
  if (timeMinute(date) < date) return seconds(date)
  if (timeDay(date) < date) return minutes(date)
  return timeMonth(date) < date ? days(date) : months(date)
}
