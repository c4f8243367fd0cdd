// When runs begin: by chance at a given rate, and one of eight of them together with others, as when a job fans out. Pure.

export interface Arrival {
  /** In milliseconds. */
  readonly at: number
  /** So many begin there, and go on in step. */
  readonly runs: number
}

export const BURST_RUNS = 50
export const BURST_SHARE = 1 / 8

const DAY_MS = 86_400_000

/** In the order of time. `random`: numbers in [0, 1). */
export function arrivalsOf(
  { runsADay, forMs }: { readonly runsADay: number; readonly forMs: number },
  random: () => number,
): Arrival[] {
  const singles = poisson(DAY_MS / (runsADay * (1 - BURST_SHARE)), forMs, random).map(at => ({ at, runs: 1 }))
  const bursts = poisson(DAY_MS / ((runsADay * BURST_SHARE) / BURST_RUNS), forMs, random)
  return [...singles, ...bursts.map(at => ({ at, runs: BURST_RUNS }))].sort((a, b) => a.at - b.at)
}

/** What happens by itself, every so often on average. */
function poisson(everyMs: number, forMs: number, random: () => number): number[] {
  const times: number[] = []
  for (let at = wait(everyMs, random); at < forMs; at += wait(everyMs, random)) times.push(at)
  return times
}

const wait = (everyMs: number, random: () => number): number => -Math.log(1 - random()) * everyMs
