// The page of the comparison: what is compared and how, what was found, and where runlet is behind.
import { table } from '../report.ts'
import { behind } from './behind.ts'
import { dayTables } from './day-tables.ts'
import { DAY_NETWORKS, type DayNetwork, type Machine, REPORTED_INDEX_BYTES, type Results } from './figures.ts'
import { bytes, count, dollars, percent, rounded, time } from './format.ts'
import { NETWORK } from './matrix.ts'
import { PRICES } from './prices.ts'
import { LIMIT_MS, TITLES, WAYS } from './ways.ts'
import { writerTables } from './writer-tables.ts'

const SPEED = `${NETWORK.latencyMs} ms a request and ${bytes(NETWORK.bytesPerSecond ?? 0)} a second for each request's body`

const WAYS_TEXT = `## What is compared

A write is one file of 1 KiB by a process that has done nothing yet, from its first request until it is done or given up.

- **${TITLES.whole}**: the reported case. The index of all rows is one JSON file. A writer puts its file, takes the lock (an object made with If-None-Match), gets the index, adds a row, puts the index, and deletes the lock.
- **${TITLES.namespaces}**: the same, divided. The rows are spread evenly over four namespaces, each with an index file and a lock of its own, and the writers in turn: which is better than real rows and writers would be. What was one map is four then, and no write spans two of them.
- **${TITLES.models}**: today's best. The index is cut by model (40 models, of which one has 40% of the rows), and a write gets and puts the file of its own. Two of five writers write to the big model, the others to a small one each. One lock, as where this is done.
- **${TITLES.direct}**: every process opens the one namespace and puts.
- **${TITLES.runs}**: every process forks a run, puts to it and folds it, for that one file: the least that anybody forks a run for.

Today's ways are written as well as they can be: files are uploaded before the lock is asked for; polls for the lock begin at 20 ms and grow by half to at most a second, with jitter; an index is got and put once, in one request each; nothing waits but for the lock. Who does not have it after ${LIMIT_MS / 1000} s gives up, as in the reported case, and counts with the time after which it did. Nobody is killed in any of this: an orphaned lock, which stops today's ways until somebody removes it, is not in these figures.`

const SIMULATION_TEXT = `## Writers at once, on virtual time

Up to 64 processes that parse an index of ${bytes(58.5e6)} each would measure the cores of the machine. So the matrix runs on a clock that jumps: the same code, runlet's protocol and the baselines alike, on a store in memory, with ${SPEED} (S3 carries as many requests at once as are asked for, so the limit is that of a request, not one that all share; deletes and listings have bodies of no size). **Computing takes no time**: that a writer of today's ways parses and writes the index while it holds the lock is left out, in their favour. The index files of today's ways weigh what the rows weigh as JSON. All writers begin at the same moment; each cell is five repetitions with other seeds. A new process has no disk cache.

A cell is p50 / p99 of a write, and how many were done where not all were.`

const realText = ({ cores, load }: Machine): string => `## Writers at once, in real processes

The same with processes through the AWS SDK, each with a store that it opens anew and an empty cache. They are started ahead, and have made a request that finds nothing (it loads the SDK); then they are released together. Here parsing counts, and so does that the processes and the store share the cores: these times say as much of the machine as of the ways, requests and bytes do not. It had ${cores} cores here, and ${rounded(load)} programs on average that wanted them before this began. A cell is three repetitions, or fewer where they took 6 s.`

const DAY_TEXT = `## A day of the reported workload, in simulated time

13 pollers, each a new process every 60 to 180 s with one write; six workflows that start together at nine and make 40 writes each, 5 to 25 s apart; a second machine that writes one file every ten minutes and reads another; a clean-up that removes seven entries in one go. With (d) the clean-up is one commit, and a workflow one process that puts 40 times; with (e) every start is a run, and a workflow one run of 40 writes, whose fork counts with its first write and whose fold with its last. For runlet a sweep every hour is in the figures too. A start that comes due while the one before it goes on is skipped, and is a write that was not done; a write that gave up is not tried again. The index has 262,000 rows and ${bytes(REPORTED_INDEX_BYTES)} in today's form, as reported; on virtual time as above.

Twice: within a region (${SPEED}), and on the link that the reported case implies. There the lock is held for 94 to 102 s in the median, and in that time ${bytes(REPORTED_INDEX_BYTES)} go down and up: ${bytes(DAY_NETWORKS.reported.bytesPerSecond)} a second. So the holds of (a) are as reported because the link was chosen so; what follows from them is not.`

const PRICES_TEXT = `Dollars are a month of 30 such days at the public prices of Amazon S3, as listed at <https://aws.amazon.com/s3/pricing/> (S3 Standard, US East (N. Virginia)): $${PRICES.putOrListAThousand} a thousand PUT and LIST requests, $${PRICES.getAThousand} a thousand GET, DELETE free, $${PRICES.storedGigabyteMonth} a GB-month stored (the index and what the day wrote; the files of the rows before it are the same for all), transfer within the region free; with egress, $${PRICES.gigabyteToTheInternet} a GB that goes down, for readers elsewhere. What is free for small amounts is left out, and so are the machines that wait.`

const ALL_COUNTED = 'Polls for the lock, and upkeep in the background, included'
const OWN_COUNTED =
  'Polls for the lock included; as the processes themselves count, without runlet’s upkeep in the background'

export function markdownOf(results: Results): string {
  const { matrix, s3, ceph } = results
  return [
    '## In short',
    summary(results),
    'Alone, (c) writes to a small model. How all this was measured, what it leaves out, and where runlet is behind, is said below.',
    WAYS_TEXT,
    sizesTable(results),
    SIMULATION_TEXT,
    ...writerTables(matrix, '###', ALL_COUNTED),
    realText(results.machine),
    `### On the counting S3 server (${SPEED})`,
    ...writerTables(s3, '####', ALL_COUNTED),
    '### On Ceph (a RADOS gateway with its OSD in memory, on the same cores)',
    ...(ceph ? writerTables(ceph, '####', OWN_COUNTED) : ['Not measured: Ceph is not installed where this was run.']),
    DAY_TEXT,
    ...dayTables(results),
    PRICES_TEXT,
    '## Where runlet is behind',
    behind(results),
  ].join('\n\n')
}

/** Of the largest index, and of the day. */
function summary({ matrix, s3, ceph, days }: Results): string {
  const largest = Math.max(...matrix.map(({ rows }) => rows))
  const most = Math.max(...matrix.map(({ writers }) => writers))
  const rows = WAYS.map(way => {
    const cell = (writers: number) =>
      matrix.find(one => one.way === way && one.rows === largest && one.writers === writers)
    const [alone, crowd] = [cell(1), cell(most)]
    const real = (ceph ?? s3).find(one => one.way === way && one.rows === largest && one.writers === most)
    const day = (network: DayNetwork) => days.find(one => one.way === way && one.network === network)
    const [region, reported] = [day('region'), day('reported')]
    if (!alone || !crowd || !real || !region || !reported) throw new Error(`${TITLES[way]} was not measured`)
    return [
      TITLES[way],
      bytes(alone.bytes),
      time(alone.p99),
      time(crowd.p99),
      percent(crowd.done / crowd.writes),
      `${time(real.p99)}, ${percent(real.done / real.writes)}`,
      percent(reported.done / reported.due),
      dollars(region.bill.inRegion),
      dollars(region.bill.withEgress),
    ]
  })
  const head = [
    `${count(largest)} rows`,
    'bytes of a write',
    'p99 of it, alone',
    `with ${most} at once`,
    'done',
    `the same, real processes on ${ceph ? 'Ceph' : 'the S3 server'}`,
    'done in a day on the reported link',
    'a month of days within a region',
    'the same, with egress',
  ]
  return table(head, rows)
}

function sizesTable({ sizes }: Results): string {
  const rows = sizes.map(one => [count(one.rows), bytes(one.lockedBytes), bytes(one.runletBytes)])
  return table(['rows', 'index of (a), all of (b) and (c), JSON', 'index of runlet, gzipped shards'], rows)
}
