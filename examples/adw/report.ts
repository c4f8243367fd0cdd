// The figures of one mode, or of both beside one another, as text.
import { table } from '../fan-out/report.ts'
import type { Mode } from './place.ts'
import type { Figures } from './waits.ts'

/** What the figures are. */
const NOTE = `Waiting is the time around each call of the library, in a single process that opens the store anew for each workflow; a commit is
written to the head by a swap, which is refused if somebody else's came first. Counted on the channel runlet:request.`

const ms = (time: number): string => `${time.toLocaleString('en-US', { maximumFractionDigits: time < 10 ? 1 : 0 })} ms`

const waitingOf = ({ beginMs, totalMs, endMs }: Figures): number => beginMs + totalMs + endMs

const ROWS: readonly (readonly [string, (figures: Figures) => string | number])[] = [
  ['writes', figures => figures.writes],
  ['  waited for one: p50', figures => ms(figures.p50Ms)],
  ['  p99', figures => ms(figures.p99Ms)],
  ['  longest', figures => ms(figures.maxMs)],
  ['  all together', figures => ms(figures.totalMs)],
  ['to begin: fork, or lock', figures => ms(figures.beginMs)],
  ['to end: fold, or unlock', figures => ms(figures.endMs)],
  ['all waiting', figures => ms(waitingOf(figures))],
  ['swaps of a head', figures => figures.swaps],
  ['  refused, so tried again', figures => figures.refused],
  ['commits that went through the queue', figures => figures.queued],
  ['requests at the store', figures => figures.requests],
  ['took, with the work', figures => ms(figures.tookMs)],
]

const NAMES: Record<Mode, string> = { shared: 'one for all', runs: 'a run each' }

export function waitsReport(measured: ReadonlyMap<Mode, Figures>): string {
  const columns = [...measured]
  const head = ['', ...columns.map(([mode]) => NAMES[mode])]
  const rows = ROWS.map(([name, of]) => [name, ...columns.map(([, figures]) => of(figures))])
  return `${table(head, rows)}\n\n${difference(measured)}\n${NOTE}\n`
}

function difference(measured: ReadonlyMap<Mode, Figures>): string {
  const [shared, runs] = [measured.get('shared'), measured.get('runs')]
  if (!shared || !runs) return 'With --shared and --runs, both are measured.'
  const [before, after] = [waitingOf(shared), waitingOf(runs)]
  const part = Math.round((1 - after / before) * 100)
  return `With a run each, the workflows waited ${Math.abs(part)} % ${part < 0 ? 'more' : 'less'}: ${ms(after)} instead of ${ms(before)}.`
}
