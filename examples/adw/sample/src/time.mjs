import { range } from './range.mjs'

export function clock(minutes) {
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
}

export function hours(from, to) {
  return [...range(from, to)].map(hour => clock(hour * 60))
}
