// npm run sim -- --seeds 2000 [--from 1] [--jobs 2] [--keep-going] simulates many seeds and names those that violate a guarantee;
// npm run sim -- --trace 77 shows all that happens in one. Exits 1 when a guarantee did not hold.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { simulateAll } from './pool.ts'
import { simulate } from './simulation.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    'keep-going': { type: 'boolean', default: false },
    trace: { type: 'string' },
  },
})

if (values.trace !== undefined) await trace(whole('trace', values.trace))
else await many(whole('from', values.from), whole('seeds', values.seeds), whole('jobs', values.jobs))

async function trace(seed: number): Promise<void> {
  try {
    const { hash } = await simulate(seed, { onTrace: line => console.log(line) })
    console.log(`held; trace ${hash}`)
  } catch (error) {
    console.error(error)
    process.exitCode = 1
  }
}

async function many(from: number, count: number, jobs: number): Promise<void> {
  const startedAt = performance.now()
  let [done, failed] = [0, 0]
  const seeds = Array.from({ length: count }, (_, i) => from + i)
  await simulateAll(seeds, {
    jobs,
    onReport: ({ problem }) => {
      done += 1
      if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${count} seeds `)
      if (problem) {
        failed += 1
        console.log(problem)
      }
      return values['keep-going'] || failed === 0
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\r')
  const seconds = (performance.now() - startedAt) / 1000
  const rate = `${(done / seconds).toFixed(1)} seeds a second`
  if (failed === 0)
    console.log(`${done} simulations held the guarantees (seeds ${from} to ${from + count - 1}, ${rate})`)
  else console.log(`${failed} of ${done} seeds violated a guarantee (${rate}); npm run sim -- --trace SEED shows one`)
  if (failed > 0 || done === 0) process.exitCode = 1
}

function whole(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${option} ${text}: pass a whole number from 1`)
  return number
}
