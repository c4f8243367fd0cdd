// How many commits and folds there are a second, from what each look saw since the one before. Pure.
import type { Sight } from '../../run/watch/sight.ts'

/** Over so long: a single look of two seconds jumps about. */
const WINDOW_MS = 10_000
const BARS = 24
const LEVELS = '▁▂▃▄▅▆▇█'

export interface Rates {
  readonly commits: number
  readonly folds: number
  /** Commits of the last looks, a bar for each, the newest at the right; empty before there are any. */
  readonly bars: string
}

type Since = NonNullable<Sight['since']>

/** `looks`: oldest first. Undefined before the second look. */
export function ratesOf(looks: readonly Since[]): Rates | undefined {
  const recent: Since[] = []
  let ms = 0
  for (const look of looks.toReversed()) {
    if (ms >= WINDOW_MS) break
    recent.push(look)
    ms += look.ms
  }
  if (ms <= 0) return undefined
  const sum = (what: 'commits' | 'folds') => recent.reduce((total, look) => total + look[what], 0)
  return { commits: sum('commits') / (ms / 1000), folds: sum('folds') / (ms / 1000), bars: barsOf(looks.slice(-BARS)) }
}

function barsOf(looks: readonly Since[]): string {
  const rates = looks.map(({ commits, ms }) => (ms > 0 ? commits / ms : 0))
  const most = Math.max(...rates)
  const level = (rate: number) => (most > 0 ? Math.ceil((rate / most) * (LEVELS.length - 1)) : 0)
  return rates.map(rate => LEVELS[level(rate)]).join('')
}

/** So many looks are worth keeping. */
export const KEPT_LOOKS = BARS
