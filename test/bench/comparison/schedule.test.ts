import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY, dueOf, MINUTE, nextStart, pollers, SECOND, workflows } from './schedule.ts'

test('thirteen pollers have periods from one minute to three', () => {
  const periods = pollers().map(({ everyMs }) => everyMs)
  assert.deepEqual([periods.length, Math.min(...periods), Math.max(...periods)], [13, MINUTE, 3 * MINUTE])
})

test('a poller begins within its first period', () => {
  for (const { firstAt, everyMs } of pollers()) assert.ok(firstAt < everyMs)
})

test('six workflows write forty times each', () => {
  assert.deepEqual(
    workflows().map(({ pauses }) => pauses.length),
    [40, 40, 40, 40, 40, 40],
  )
})

test('the schedule is the same each time', () => {
  assert.deepEqual([pollers(), workflows()], [pollers(), workflows()])
})

test('what starts every minute from the first second on is due as often as a day has minutes', () => {
  assert.equal(dueOf({ firstAt: SECOND, everyMs: MINUTE }), 24 * 60)
})

test('as many starts come as are due when none is late', () => {
  const poller = { firstAt: 7 * SECOND, everyMs: MINUTE }
  let starts = 0
  for (let at = nextStart(poller, 0); at !== undefined; at = nextStart(poller, at + 1)) starts += 1
  assert.equal(starts, dueOf(poller))
})

test('a start that came due while the last one went on is skipped', () => {
  const poller = { firstAt: 0, everyMs: MINUTE }
  assert.equal(nextStart(poller, 2.5 * MINUTE), 3 * MINUTE)
})

test('nothing starts after the day', () => {
  assert.equal(nextStart({ firstAt: 0, everyMs: MINUTE }, DAY), undefined)
})
