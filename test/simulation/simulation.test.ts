// SEEDS=from-to runs others: SEEDS=1-2000 node --import tsx --test test/simulation/simulation.test.ts
import { test } from 'node:test'
import { simulate } from './simulate.ts'

const [first = 1, last = 80] = (process.env.SEEDS ?? '').split('-').filter(Boolean).map(Number)

test(`the guarantees hold in simulations with seeds ${first} to ${last}`, async () => {
  for (let seed = first; seed <= last; seed++) await simulate(seed)
})
