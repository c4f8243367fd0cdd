// The part `runs` of the benchmark: forks, small writes and folds, alone and many at once, against DESIGN.md's section 7; and the
// same write as tools do it today.
//   npm run bench -- runs            `--write` keeps the results in test/bench/results/
import { writeFile } from 'node:fs/promises'
import { Processes } from './processes.ts'
import { explain, isMissed, judgedTable, type Line } from './report.ts'
import { measureFold } from './runs/fold.ts'
import { measureFoldsAtOnce } from './runs/folds-at-once.ts'
import { measureFork } from './runs/fork.ts'
import { compareSideBySide } from './runs/side-by-side.ts'
import { measureSmallWrites } from './runs/small-write.ts'
import { measureWritersAtOnce } from './runs/writers-at-once.ts'
import { S3World } from './s3-world.ts'
import { LATENCY_MS } from './virtual.ts'

const SIZES = [1_000, 10_000, 100_000]
/** Whatever does not depend on the size is measured at the largest. */
const ROWS = 100_000
const PROCESSES = 32
const FLATTERED =
  "The network is this machine's memory, so bytes take next to no time here. The bytes themselves are what they are."

const HEADER = `<!-- Written by \`npm run bench -- runs --write\`; do not edit. -->

# What runs and small writes cost
`

/** Prints what it measured; resolves to whether every target was met. */
export async function benchRuns(show: (text: string) => void, options: readonly string[]): Promise<boolean> {
  const page = [HEADER]
  const print = (text: string) => {
    page.push(text)
    show(text)
  }
  const s3 = await S3World.start()
  const processes = await Processes.start(PROCESSES, s3.url)
  const lines: Line[] = []
  const section = (title: string, measured: readonly Line[]) => {
    lines.push(...measured)
    print(`\n### ${title}\n\n${judgedTable(measured)}`)
  }
  try {
    // First, while the parents hold nothing but their rows; printed last.
    const sideBySide = await compareSideBySide(s3, SIZES, processes)
    print(`## Runs\n\nEvery request takes ${LATENCY_MS} ms. The parent holds ${ROWS.toLocaleString('en-US')} rows.`)
    section('Small writes', await measureSmallWrites(s3, ROWS))
    section('Fork', await measureFork(s3, ROWS))
    section('Fold, alone', await measureFold(s3, ROWS))
    section('Folds at once', await measureFoldsAtOnce(s3, ROWS, processes))
    section('Writers at once', await measureWritersAtOnce(s3, ROWS, processes))
    print(`\n### Side by side with today's way\n\n${FLATTERED}\n\n${sideBySide}`)
  } finally {
    processes.end()
    await s3.close()
  }
  if (lines.some(isMissed)) print(`\n${explain(lines)}`)
  if (options.includes('--write')) await writeFile(new URL('results/runs.md', import.meta.url), `${page.join('\n')}\n`)
  return !lines.some(isMissed)
}
