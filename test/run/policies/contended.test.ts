// Conflict policies when folds wait in the queue, so that another process may have to settle them.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import type { ConflictPolicy, NamedPolicy } from '../../../lib/namespace/policy.ts'
import type { Run } from '../../../lib/runlet.ts'
import { contents, text, type World } from '../../support/world.ts'
import { inWorld, isConflictOver, joined, parentWith } from './support.ts'

/**
 * Two runs of two processes, forked from `base`, which change a path to `first` and `second` and are folded at once, while a
 * third process holds the merge lease: so both wait in the queue, and one of them leads for the other.
 */
async function foldTwoAtOnce(
  world: World,
  { base, first, second, onConflict }: { base: string; first: string; second: string; onConflict: ConflictPolicy },
) {
  const parent = await parentWith(world, { 'a.txt': base })
  const runs = await Promise.all(
    ['one', 'two'].map(async id => {
      const namespace = await world.client().store.namespace('p')
      return namespace.fork(id, { onConflict })
    }),
  )
  const [one, two] = runs as [Run, Run]
  const decoy = await parent.fork('decoy')
  await Promise.all([one.put('a.txt', first), two.put('a.txt', second), decoy.put('decoy', '')])
  const ahead = decoy.fold()
  await world.time.ambient().sleep(15)
  const results = await Promise.allSettled([one.fold(), two.fold()])
  await ahead
  await parent.delete('decoy')
  return { parent, results }
}

describe('of two folds at once that wait in the queue', () => {
  const isCarried = (result: PromiseSettledResult<{ heldMs: number }>) =>
    result.status === 'fulfilled' && result.value.heldMs === 0

  /** The same for some seeds; at least once one of the two must have been carried by the other's process. */
  async function forSeeds(program: (world: World) => ReturnType<typeof foldTwoAtOnce>): Promise<void> {
    let carried = 0
    for (let seed = 1; seed <= 8; seed++) {
      await inWorld(
        async world => {
          const { results } = await program(world)
          if (results.some(isCarried)) carried += 1
          assert.deepEqual(world.keys('ns/p/_/queue/'), [])
        },
        { seed },
      )
    }
    assert.ok(carried > 0, 'no fold was ever carried by another process')
  }

  const both: [policy: NamedPolicy, values: [string, string, string], after: Record<string, string>[]][] = [
    ['ours', ['0', '1', '2'], [{ 'a.txt': '1' }, { 'a.txt': '2' }]],
    ['theirs', ['0', '1', '2'], [{ 'a.txt': '1' }, { 'a.txt': '2' }]],
    ['union-lines', ['0\n', '0\n1\n', '0\n2\n'], [{ 'a.txt': '0\n1\n2\n' }, { 'a.txt': '0\n2\n1\n' }]],
    ['json-merge', ['{}', '{"a":1}', '{"b":2}'], [{ 'a.txt': '{"a":1,"b":2}' }, { 'a.txt': '{"b":2,"a":1}' }]],
    [
      'keep-both',
      ['0', '1', '2'],
      [
        { 'a.txt': '1', 'a.two.txt': '2' },
        { 'a.txt': '2', 'a.one.txt': '1' },
      ],
    ],
  ]
  for (const [onConflict, [base, first, second], after] of both) {
    test(`${onConflict} settles the second`, () =>
      forSeeds(async world => {
        const folded = await foldTwoAtOnce(world, { base, first, second, onConflict })
        assertFulfilled(folded.results)
        assertOneOf(after, await contents(folded.parent))
        return folded
      }))
  }

  test('a function settles the second in its own process', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await inWorld(
        async world => {
          const folded = await foldTwoAtOnce(world, { base: '0', first: '1', second: '2', onConflict: joined })
          assertFulfilled(folded.results)
          assertOneOf([{ 'a.txt': 'a.txt: 0|1|2' }, { 'a.txt': 'a.txt: 0|2|1' }], await contents(folded.parent))
        },
        { seed },
      )
    }
  })

  test('error refuses the second', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      await inWorld(
        async world => {
          const sides = { base: '0', first: '1', second: '2', onConflict: 'error' } as const
          const { parent, results } = await foldTwoAtOnce(world, sides)
          const [refused, ...more] = results.filter(result => result.status === 'rejected')
          assert.equal(more.length, 0)
          isConflictOver('a.txt')(refused?.reason)
          assert.equal(text(await parent.get('a.txt')), results[0]?.status === 'fulfilled' ? '1' : '2')
          assert.deepEqual(world.keys('ns/p/_/queue/'), [])
        },
        { seed },
      )
    }
  })
})

function assertFulfilled(results: readonly PromiseSettledResult<unknown>[]): void {
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

function assertOneOf(allowed: readonly Record<string, string>[], actual: Record<string, string>): void {
  assert.ok(
    allowed.some(one => isDeepStrictEqual(one, actual)),
    JSON.stringify(actual),
  )
}
