// What the scale benchmark makes of chance: when runs begin, and how values lie.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualTime } from '../../support/virtual-time.ts'
import { arrivalsOf, BURST_RUNS } from './arrivals.ts'
import { spreadOf } from './spread.ts'

const DAY_MS = 86_400_000

test('as many runs begin in a day as were asked for, one of eight in a burst', () => {
  const random = new VirtualTime(7).ambient().random
  const arrivals = arrivalsOf({ runsADay: 100_000, forMs: DAY_MS }, random)
  const inBursts = arrivals.filter(({ runs }) => runs === BURST_RUNS).length * BURST_RUNS
  const alone = arrivals.filter(({ runs }) => runs === 1).length
  assert.ok(Math.abs(inBursts + alone - 100_000) < 3_000, `${inBursts + alone} runs`)
  assert.ok(Math.abs(inBursts - 12_500) < 2_500, `${inBursts} in bursts`)
  assert.ok(arrivals.every(({ at }, i) => at < DAY_MS && at >= (arrivals[i - 1]?.at ?? 0)))
})

test('the 99th of a hundred values is the greatest but one', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(spreadOf(values), { count: 100, p50: 50, p99: 99, max: 100 })
  assert.deepEqual(spreadOf([]), { count: 0, p50: 0, p99: 0, max: 0 })
})
