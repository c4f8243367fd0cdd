// The page of the scale benchmark, in markdown: where it bends first, then a table for each kind of load, and what was simulated how.
import { format, table } from '../report.ts'
import type { DayResult } from './day.ts'
import { missesOf, type ScaleResults } from './figures.ts'
import type { FoldsResult } from './folds-at-once.ts'
import type { WritersResult } from './writers.ts'

export function markdownOf(results: ScaleResults): string {
  const misses = missesOf(results)
  return [
    '# Where it bends',
    bendOf(results),
    '![How long folds take, and how many commits a second there are, at which load](scale.svg)',
    '[The raw figures](scale.json).',
    misses.length === 0
      ? 'Nothing failed, and everything ended.'
      : `Missed:\n\n${misses.map(one => `- ${one}`).join('\n')}`,
    `## What was simulated\n\n${SETTING}`,
    `## Folds at once\n\n${foldsTable(results.folds)}`,
    `## Runs a day\n\n${daysTable(results.days)}\n\n${sweepsOf(results.days)}`,
    `## Direct writers\n\n${WRITERS}\n\n${writersTable(results.writers)}`,
  ].join('\n\n')
}

const SETTING =
  'The real protocol code and the real S3 kind of store, on virtual time: a request takes 80 ms give or take a tenth, and its bytes 100 MB/s; ' +
  'listings come in pages of 1,000, times in whole seconds; a process has 128 sockets and an empty cache. Computing takes no time, so what ' +
  'bends here bends for the protocol, not for want of a faster machine. The parent holds 10,000,000 rows (some 11,000 shards). *1 write/s*: a store that answers ' +
  '`503 SlowDown` to every write of a key that was written less than a second ago, as R2 and GCS may.\n\n' +
  'A run is a process of its own: it forks, puts 24 files of 1 KiB, each two to eight seconds after the one before, and folds. Runs begin by chance, one of ' +
  'eight in a burst of 50 that go on in step; one of a hundred dies half-way; 13 pollers put directly every one to three minutes. What began in the first fifth is not counted. What goes on for more than two hours has come to where sweeps are steady; of the others only a beginning is shown, with an index that is new and hardly a sweep behind it.'

const WRITERS =
  'Processes that write 1 KiB to the parent itself, one after the other without a pause, for 20 s. One head, swapped once a round trip, ' +
  'is all that direct writers have; those who lose twice share the swaps of whoever leads.'

/** A sweep deletes what one found an hour before, and they come twice an hour. */
const STEADY_MS = 2 * 3_600_000

const seconds = (ms: number): string => (ms < 1000 ? `${number(ms)} ms` : inSeconds(ms))
const inSeconds = (ms: number): string =>
  `${(ms / 1000).toLocaleString('en-US', { maximumFractionDigits: 1, minimumFractionDigits: 1 })} s`
const number = (value: number, digits = 0): string => value.toLocaleString('en-US', { maximumFractionDigits: digits })
const roundTrips = (ms: number, roundTripMs: number): string => number(ms / roundTripMs)
const kib = (bytes: number): string => format(Math.round(bytes), 'bytes')
const store = (one: { roundTripMs: number; writesASecond?: number | undefined }): string =>
  `${one.roundTripMs} ms${one.writesASecond === undefined ? '' : `, ${one.writesASecond} write/s`}`

const isPaced = (one: { writesASecond?: number | undefined }): boolean => one.writesASecond !== undefined

function foldsTable(folds: readonly FoldsResult[]): string {
  const sorted = folds.toSorted((a, b) => Number(isPaced(a)) - Number(isPaced(b)) || a.folds - b.folds)
  const head = [
    'folds',
    'store',
    'failed',
    'the last',
    'round trips',
    'median',
    'swaps',
    'requests a fold',
    'told to slow down',
    'head, largest',
  ]
  return table(
    head,
    sorted.map(one => [
      number(one.folds),
      store(one),
      number(one.failures.length),
      seconds(one.ms.max),
      roundTrips(one.ms.max, one.roundTripMs),
      seconds(one.ms.p50),
      number(one.swaps),
      number(one.requests / one.folds),
      number(one.throttled),
      kib(one.headBytes),
    ]),
  )
}

const byLoad = (days: readonly DayResult[]): readonly DayResult[] =>
  days.toSorted((a, b) => Number(isPaced(a)) - Number(isPaced(b)) || a.runsADay - b.runsADay)

function daysTable(days: readonly DayResult[]): string {
  const sorted = byLoad(days)
  const line = (what: string, cell: (one: DayResult) => string) => [what, ...sorted.map(cell)]
  const latency = (name: 'fork' | 'put' | 'fold' | 'poller') => (one: DayResult) => {
    const { p50, p99 } = one.operations[name].ms
    return `${seconds(p50)} / ${seconds(p99)}`
  }
  return table(
    ['', ...sorted.map(one => `${number(one.runsADay)}, ${store(one)}`)],
    [
      line(
        'simulated',
        one =>
          `${number(one.forMs / 60_000)} min, ${number(one.runs)} runs${one.forMs > STEADY_MS ? '' : ', a beginning'}`,
      ),
      line('failed / not ended', one => `${one.failures.length} / ${one.unfinished}`),
      line('open runs: median / most', one => `${number(one.openRuns.p50)} / ${number(one.openRuns.max)}`),
      line('fork: p50 / p99', latency('fork')),
      line('put in a run: p50 / p99', latency('put')),
      line('fold: p50 / p99', latency('fold')),
      line('fold, p99: earlier / later half', one => {
        const { early, late } = one.operations.fold
        return `${seconds(early.p99)} / ${seconds(late.p99)}`
      }),
      line('put of a poller: p50 / p99', latency('poller')),
      line('requests of a fold: p50 / p99', one => {
        const { p50, p99 } = one.operations.fold.requests
        return `${number(p50)} / ${number(p99)}`
      }),
      line('requests for each run, of all', one => number(one.requestsARun)),
      line('of these upkeep', one => number(one.upkeepARun)),
      line('bytes for each run', one => kib(one.bytesARun)),
      line('folds in one swap: p50 / most', one => `${number(one.batch.p50)} / ${number(one.batch.max)}`),
      line('most in the queue', one => number(one.longestQueue)),
      line('head: p50 / p99', one => `${kib(one.headBytes.p50)} / ${kib(one.headBytes.p99)}`),
      line('layers of files: p50 / most', one => `${number(one.fileLayers.p50)} / ${number(one.fileLayers.max)}`),
      line('rows that wait above the bottom: most', one => number(one.waitingRows.max)),
      line('told to slow down', one => number(one.throttled)),
      line('`runlet runs`: runs, requests, time', one => {
        return `${number(one.listing.runs)}, ${number(one.listing.requests)}, ${seconds(one.listing.ms)}`
      }),
    ],
  )
}

function sweepsOf(days: readonly DayResult[]): string {
  const rows = byLoad(days).flatMap(one =>
    one.sweeps.map(({ at, ms, requests, removed }) => {
      return [
        `${number(one.runsADay)}, ${store(one)}`,
        `${number(at / 60_000, 1)} min`,
        number(requests),
        seconds(ms),
        number(removed),
      ]
    }),
  )
  return `The sweeps, twice an hour. The first finds the runs that died; what is no longer used is deleted by one that begins a grace period (an hour) after one has found it:\n\n${table(['runs a day', 'begun after', 'requests', 'took', 'objects deleted'], rows)}`
}

function writersTable(writers: readonly WritersResult[]): string {
  const sorted = writers.toSorted((a, b) => store(a).localeCompare(store(b)) || a.writers - b.writers)
  return table(
    ['writers', 'store', 'failed', 'commits a second', 'swaps a second', 'p50', 'p99', 'the longest', 'requests a put'],
    sorted.map(one => [
      number(one.writers),
      store(one),
      number(one.failures.length),
      number(one.commitsASecond, 1),
      number(one.swapsASecond, 1),
      seconds(one.ms.p50),
      seconds(one.ms.p99),
      seconds(one.ms.max),
      number(one.requestsAPut, 1),
    ]),
  )
}

/** The figures are those of this run; why it is so was read off the requests of who leads and of who waits. */
function bendOf({ folds, writers, days }: ScaleResults): string {
  const at = (count: number, paced: boolean) => folds.find(one => one.folds === count && isPaced(one) === paced)
  const of = (runsADay: number, paced = false) => days.find(one => one.runsADay === runsADay && isPaced(one) === paced)
  const direct = (count: number, paced: boolean) =>
    writers.find(one => one.writers === count && one.roundTripMs === FAR_MS && isPaced(one) === paced)
  const rate = (one: WritersResult | undefined) => number(one?.commitsASecond ?? 0, 1)
  const wait = (one: WritersResult | undefined) => seconds(one?.ms.p50 ?? 0)
  const last = (one: FoldsResult | undefined) => seconds(one?.ms.max ?? 0)
  const fold = (one: DayResult | undefined) => {
    const { p50 = 0, p99 = 0 } = one?.operations.fold.ms ?? {}
    return `${seconds(p50)} (p99 ${seconds(p99)})`
  }
  const lasted = (one: DayResult | undefined) => `${number((one?.forMs ?? 0) / 60_000)} simulated minutes`
  const layers = (one: DayResult | undefined) => number(one?.fileLayers.max ?? 0)
  return [
    '**Direct writers on a store that takes one write of a key a second bend first.** One process alone that puts without a pause gets ' +
      `${rate(direct(1, true))} commits a second. Of 64 together each put takes ${wait(direct(64, true))}, for a swap of the head comes every second or two, and carries all ` +
      `who wait: ${rate(direct(64, true))} commits a second, and more of them with more writers. ` +
      'In runs each has a head of its own, and so a second of its own.',
    `**Next, on such a store, come folds that meet.** The last of 100 at once takes ${last(at(100, true))} and of 500 ${last(at(500, true))}, where it is ` +
      `${last(at(100, false))} and ${last(at(500, false))} without the limit; at 100,000 runs a day a fold takes ${fold(of(100_000, true))} in place of ` +
      `${fold(of(100_000))}. The merge lease and the head are one key each: taking the lease, giving it back and every swap wait for their second, those of ` +
      `upkeep too, so the head comes to ${layers(of(100_000, true))} layers (100 is its bound: then commits do the merging).`,
    `**Without the limit, at 80 ms,** 64 direct writers reach ${rate(direct(64, false))} commits a second at a p99 of ${seconds(direct(64, false)?.ms.p99 ?? 0)}: one head, swapped ` +
      `once a round trip. A fold takes ${fold(of(10_000))} at 10,000 runs a day over ${lasted(of(10_000))}, ${fold(of(30_000))} at 30,000 over ${lasted(of(30_000))}, and in the first ` +
      `${lasted(of(300_000))} of 300,000 a day, before any sweep, ${fold(of(300_000))}. The slowest hundredth are those of a burst, when fifty that end in the same second share a swap and one of a poller or of ` +
      `upkeep comes before it, twice. Bursts bring the head to ` +
      `${layers(of(10_000))} layers at most at 10,000 a day, and to ${layers(of(300_000))} at 300,000 (100 is its bound). Several parents, each with a head and a lease of its own, move all of this.`,
  ].join('\n\n')
}

const FAR_MS = 80
