// The part `report` of the benchmark: the reported problem side by side, by today's ways and by runlet, in one run: writers at once on
// virtual time, in real processes on the counting S3 server and on Ceph, and a day of the reported workload in simulated time.
//   npm run bench -- report          `--write` keeps the results in test/bench/results/
import { fork } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Base } from './comparison/base.ts'
import type { Said } from './comparison/days-main.ts'
import {
  DAY_NETWORKS,
  type DayFigures,
  type DayNetwork,
  type IndexSize,
  type Results,
  SIZES,
  WRITERS,
} from './comparison/figures.ts'
import { type Cell, simulateCell } from './comparison/matrix.ts'
import { markdownOf } from './comparison/page.ts'
import { measureOnCeph, measureOnS3 } from './comparison/real.ts'
import { writeComparison } from './comparison/results.ts'
import { isLocked, TITLES, WAYS, type WayName } from './comparison/ways.ts'
import { compile } from './index/processes.ts'

const DAYS = fileURLToPath(new URL('comparison/days-main.ts', import.meta.url))

/** Prints what it measured; resolves to whether every write of runlet was done. */
export async function benchReport(print: (text: string) => void, options: readonly string[]): Promise<boolean> {
  const machine = { cores: availableParallelism(), load: loadavg()[1] ?? 0 }
  await compile()
  const [days, { matrix, sizes }] = await Promise.all([simulateDays(), simulateMatrix()])
  const s3 = await measureOnS3(progress)
  const ceph = await measureOnCeph(progress)
  if (!ceph) print('\nCeph is not installed: the comparison goes on without it.')
  const results: Results = { machine, sizes, matrix, s3, ceph, days }
  print(markdownOf(results))
  const misses = missesOf(results)
  for (const miss of misses) print(`\nMissed: ${miss}`)
  if (options.includes('--write')) await writeComparison(results)
  return misses.length === 0
}

async function simulateMatrix(): Promise<{ matrix: Cell[]; sizes: IndexSize[] }> {
  const [matrix, sizes]: [Cell[], IndexSize[]] = [[], []]
  for (const rows of SIZES) {
    progress(`virtual time: building ${rows} rows`)
    const base = await Base.build(rows)
    sizes.push({ rows, lockedBytes: base.indexBytes, runletBytes: base.runletBytes })
    for (const way of WAYS) {
      progress(`virtual time: ${rows} rows, ${way}`)
      for (const writers of WRITERS) matrix.push(await simulateCell(base, way, writers))
    }
  }
  return { matrix, sizes }
}

/** In processes of their own, of which each takes about as long. */
async function simulateDays(): Promise<readonly DayFigures[]> {
  const networks = Object.keys(DAY_NETWORKS) as DayNetwork[]
  const [locked, runlet] = [WAYS.filter(isLocked), WAYS.filter(way => !isLocked(way))]
  const all = await Promise.all(networks.flatMap(network => [daysOf(network, locked), daysOf(network, runlet)]))
  return all.flat()
}

function daysOf(network: DayNetwork, ways: readonly WayName[]): Promise<readonly DayFigures[]> {
  const child = fork(DAYS, [network, ...ways], { execArgv: ['--import', 'tsx'] })
  return new Promise((resolve, reject) => {
    child.on('message', (said: Said) => {
      if ('days' in said) resolve(said.days)
      else progress(`days: ${said.step}`)
    })
    child.on('exit', code => reject(new Error(`the simulation of the days ended early (${code})`)))
  })
}

/** Today's ways may fail; runlet may not. */
function missesOf({ matrix, s3, ceph = [], days }: Results): string[] {
  const cells = [...matrix, ...s3, ...ceph].filter(({ way, done, writes }) => !isLocked(way) && done < writes)
  const lost = days.filter(({ way, done, due }) => !isLocked(way) && done < due)
  return [
    ...cells.map(({ way, writers, rows, done, writes }) => {
      return `${TITLES[way]}, ${writers} writers, ${rows} rows: ${done} of ${writes} were done`
    }),
    ...lost.map(({ way, network, done, due }) => `${TITLES[way]}, a day (${network}): ${done} of ${due} were done`),
  ]
}

const startedAt = performance.now()
const progress = (step: string) => console.error(`[${Math.round((performance.now() - startedAt) / 1000)} s] ${step}`)
