// npm run sim:mutants [-- G5 fence]: breaks the protocols on purpose, one defect at a time (protocol.ts), and shows the seed with which
// the simulation caught it. Exits 1 when one survives, or when a text is not found exactly once. A row tells the first seed that found the
// defect (`npm run sim -- --trace` shows it only in a copy that has the defect), how many seeds were simulated until then, and what held no more.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Report, simulateAll } from '../simulation/pool.ts'
import { assertAllApply, choose, inCopy, type Mutant } from './copy.ts'
import { protocolMutants } from './protocol.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '300' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
})

/** How a defect was caught: by which seed, and how many had missed it. */
interface Catch {
  readonly seed: number
  readonly tried: number
  readonly message: string
}

async function main(): Promise<void> {
  await assertAllApply(protocolMutants)
  const sane = await hunt(undefined)
  if (sane) throw new Error(`without any defect this fails already: ${sane.message}`)
  const chosen = choose(protocolMutants, positionals)
  let survived = 0
  console.log('| | defect | caught by seed | seeds tried | message |\n|---|---|---|---|---|')
  for (const mutant of chosen) {
    const caught = await hunt(mutant)
    if (!caught) survived += 1
    const { seed, tried, message } = caught ?? { seed: '**none**', tried: values.seeds, message: '' }
    console.log(`| ${mutant.guarantee} | ${mutant.name} | ${seed} | ${tried} | ${brief(message)} |`)
  }
  console.log(`\n${chosen.length - survived} of ${chosen.length} defects were caught`)
  if (survived > 0 || chosen.length === 0) process.exitCode = 1
}

async function hunt(mutant: Mutant | undefined): Promise<Catch | undefined> {
  let caught: Report | undefined
  let tried = 0
  await inCopy(mutant, root => {
    return simulateAll(
      Array.from({ length: mutant ? Number(values.seeds) : 10 }, (_, i) => i + 1),
      {
        root,
        jobs: Number(values.jobs),
        onReport: report => {
          tried += 1
          if (report.problem) caught ??= report
          return !caught
        },
      },
    )
  })
  if (caught && / its process ended with /.test(caught.problem ?? ''))
    throw new Error(`the defect leaves code that cannot be run: ${caught.problem}`)
  return caught && { seed: caught.seed, tried, message: caught.problem ?? '' }
}

/** What was violated, without the seed, for a cell of a table. */
const brief = (message: string): string =>
  message
    .replace(/^seed \d+[^:]*: /, '')
    .split('\n')[0]
    ?.replaceAll('|', '/')
    .slice(0, 160) ?? ''

await main()
