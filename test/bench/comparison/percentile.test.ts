import assert from 'node:assert/strict'
import { test } from 'node:test'
import { percentile } from './percentile.ts'

const HUNDRED = Array.from({ length: 100 }, (_, i) => 100 - i)

test('the median of a hundred values is the fiftieth', () => {
  assert.equal(percentile(HUNDRED, 50), 50)
})

test('the 99th percentile of a hundred values is the last but one', () => {
  assert.equal(percentile(HUNDRED, 99), 99)
})

test('the 99th percentile of few values is the largest of them', () => {
  assert.equal(percentile([3, 1, 2], 99), 3)
})

test('numbers are compared as numbers', () => {
  assert.equal(percentile([10, 9, 100], 50), 10)
})

test('nothing has no percentile', () => {
  assert.ok(Number.isNaN(percentile([], 50)))
})
