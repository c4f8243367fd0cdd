// Keeping a copy in step: one round at a time, again and again, until it is told to end.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { ConflictError, StoreError } from '../../lib/errors.ts'
import { keepInStep } from '../../lib/sync/keep-in-step.ts'
import { VirtualTime } from '../support/virtual-time.ts'

/** Does the rounds on virtual time for so long; resolves to how many succeeded, and what failures were told. */
async function inStepFor(
  ms: number,
  round: (sleep: (ms: number) => Promise<void>, n: number) => Promise<void>,
  onFailure: (error: unknown) => void = () => {},
) {
  const time = new VirtualTime(1)
  const told: unknown[] = []
  let begun = 0
  const succeeded = await time.run(async () => {
    const ambient = time.ambient()
    const over = new AbortController()
    const keeping = keepInStep(() => round(ms => ambient.sleep(ms), ++begun), {
      everyMs: 1000,
      ambient,
      signal: over.signal,
      onFailure: error => {
        told.push(error)
        onFailure(error)
      },
    })
    await ambient.sleep(ms)
    over.abort()
    return keeping
  })
  return { succeeded, begun, told, endedAt: time.elapsed }
}

describe('keeping in step', () => {
  test('has a round every so often, and ends at once when it is told to between two', async () => {
    const { succeeded, begun, endedAt } = await inStepFor(3500, async () => {})
    assert.deepEqual([succeeded, begun, endedAt], [3, 3, 3500])
  })

  test('has one round at a time, and finishes the one in progress', async () => {
    let [running, most] = [0, 0]
    const { succeeded, endedAt } = await inStepFor(6000, async sleep => {
      most = Math.max(most, ++running)
      await sleep(2500)
      running -= 1
    })
    assert.deepEqual([succeeded, most, running, endedAt], [2, 1, 0, 7000])
  })

  test('goes on after failures, of which it tells once while they are the same', async () => {
    const failures: Record<number, Error> = {
      1: new StoreError('put', 'a', 'is away'),
      2: new StoreError('put', 'b', 'is away'),
      3: new ConflictError('n', ['a']),
      5: new ConflictError('n', ['a']),
    }
    const { succeeded, begun, told } = await inStepFor(6500, async (_, n) => {
      if (failures[n]) throw failures[n]
    })
    assert.deepEqual([succeeded, begun], [2, 6])
    assert.deepEqual(told, [failures[1], failures[3], failures[5]])
  })

  test('goes on when the listener fails too, and warns of that', async () => {
    const warned = once(process, 'warning')
    const own = new Error('the listener failed')
    const { succeeded, begun } = await inStepFor(
      3500,
      async (_, n) => {
        if (n === 1) throw new StoreError('put', 'a', 'is away')
      },
      () => {
        throw own
      },
    )
    assert.deepEqual([succeeded, begun], [2, 3])
    assert.deepEqual(await warned, [own])
  })

  test('has no round when it was ended before the first', async () => {
    assert.deepEqual((await inStepFor(500, async () => {})).begun, 0)
  })
})
