// Durations as people write and read them: `500ms`, `10s`, `10m`, `2h`, `1d`. Pure.
import { InvalidArgumentError } from '../errors.ts'

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds. `option` names the option in the error. @throws InvalidArgumentError outside of `least` to `most` too */
export function parseDuration(option: string, text: string, { least = 1, most = 24 * UNITS.d } = {}): number {
  const [, number, unit] = DURATION.exec(text) ?? []
  if (number === undefined) {
    throw new InvalidArgumentError(
      option,
      `${JSON.stringify(text)} is no duration`,
      'Write it like 500ms, 10s, 10m or 2h.',
    )
  }
  const ms = Math.round(Number(number) * UNITS[unit as keyof typeof UNITS])
  if (ms < least || ms > most) {
    throw new InvalidArgumentError(
      option,
      `${text} is out of range`,
      `Use ${formatDuration(least)} to ${formatDuration(most)}.`,
    )
  }
  return ms
}

/** In the greatest unit that leaves at least 1, rounded down: `3m`. */
export function formatDuration(ms: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(([, unitMs]) => ms >= unitMs) ?? ['ms', 1]
  return `${Math.max(0, Math.floor(ms / size))}${unit}`
}

/** In its two greatest units, rounded down: `1h 59m`. */
export function formatSpan(ms: number): string {
  const greatest = formatDuration(ms)
  const [, count = '0', unit = 'ms'] = DURATION.exec(greatest) ?? []
  const rest = ms - Number(count) * UNITS[unit as keyof typeof UNITS]
  const next = Object.entries(UNITS).findLast(([, unitMs]) => unitMs < UNITS[unit as keyof typeof UNITS])
  if (!next || next[0] === 'ms' || rest < next[1]) return greatest
  return `${greatest} ${Math.floor(rest / next[1])}${next[0]}`
}

/** How long ago that was. Another machine's clock may be ahead of ours: then it was just now. */
export function formatAge(then: Date | undefined, now: number): string {
  return then ? formatSpan(Math.max(0, now - then.getTime())) : '-'
}
