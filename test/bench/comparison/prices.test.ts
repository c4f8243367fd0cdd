import assert from 'node:assert/strict'
import { test } from 'node:test'
import { billOf } from './prices.ts'

const NOTHING = { puts: 0, gets: 0, lists: 0, deletes: 0, bytesUp: 0, bytesDown: 0 }
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`)

test('a thousand puts and a thousand listings a day cost a cent, thirty times a month', () => {
  near(billOf({ ...NOTHING, puts: 1000, lists: 1000 }, 0).requests, 0.3)
})

test('a thousand gets a day cost a twelfth of as many puts', () => {
  near(billOf({ ...NOTHING, gets: 1000 }, 0).requests, 0.012)
})

test('deletes and what is sent to the store are free', () => {
  near(billOf({ ...NOTHING, deletes: 1e6, bytesUp: 1e12 }, 0).withEgress, 0)
})

test('a gigabyte that stays costs its storage once a month', () => {
  near(billOf(NOTHING, 1e9).inRegion, 0.023)
})

test('a gigabyte that is read each day is free within the region, and is paid for thirty times elsewhere', () => {
  const bill = billOf({ ...NOTHING, bytesDown: 1e9 }, 0)
  near(bill.inRegion, 0)
  near(bill.withEgress, 2.7)
})
