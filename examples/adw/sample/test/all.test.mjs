import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sum } from '../src/money.mjs'
import { range } from '../src/range.mjs'
import { title } from '../src/text.mjs'
import { hours } from '../src/time.mjs'

test('sums of money are exact', () => assert.equal(sum(0.1, 0.2), 0.3))
test('a range leaves out its end', () => assert.deepEqual([...range(1, 4)], [1, 2, 3]))
test('titles begin with capitals', () => assert.equal(title('small  streams'), 'Small Streams'))
test('hours are shown as on a clock', () => assert.deepEqual(hours(8, 10), ['8:00', '9:00']))
