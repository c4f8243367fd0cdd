// The simulation as part of every test run; CI goes on to seed 300, and `npm run sim` as far as one likes.
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { simulateAll } from './pool.ts'
import { foundSeeds } from './seeds.ts'
import { simulate } from './simulation.ts'

const SEEDS = 40
const jobs = availableParallelism()

test(`the guarantees hold in ${SEEDS} simulations, and in those that found something before`, async () => {
  const seeds = new Set([...foundSeeds.map(({ seed }) => seed), ...Array.from({ length: SEEDS }, (_, i) => i + 1)])
  const problems: string[] = []
  let done = 0
  await simulateAll(seeds, {
    jobs,
    onReport: ({ problem }) => {
      done += 1
      if (problem) problems.push(problem)
      return true
    },
  })
  assert.deepEqual(problems, [])
  assert.equal(done, seeds.size)
})

test('a seed takes the same course each time, in whatever process', async () => {
  const seeds = [2, 3, 5, 7, 11, 13]
  const hashes = new Map<number, string | undefined>()
  await simulateAll(seeds, {
    jobs,
    onReport: ({ seed, hash }) => {
      hashes.set(seed, hash)
      return true
    },
  })
  for (const seed of seeds) {
    assert.match(hashes.get(seed) ?? '', /^[0-9a-f]{64}$/)
    assert.equal((await simulate(seed)).hash, hashes.get(seed), `seed ${seed}`)
  }
  assert.equal(new Set(hashes.values()).size, seeds.length)
})
