// A worker process of pool.ts: is told seeds, and says what became of each.
import type { Report } from './pool.ts'
import { simulate } from './simulation.ts'

process.on('message', async (seed: number) => {
  process.send?.(await reportOf(seed))
})
process.on('disconnect', () => process.exit())

async function reportOf(seed: number): Promise<Report> {
  try {
    const { hash } = await simulate(seed)
    return { seed, hash }
  } catch (error) {
    return { seed, problem: (error as Error).message }
  }
}
