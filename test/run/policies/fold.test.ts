// Conflict policies at the fold of one run alone.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError } from '../../../lib/errors.ts'
import { contents, text } from '../../support/world.ts'
import {
  aDivergedRun,
  inWorld,
  isConflictOver,
  joined,
  parentWith,
  settled,
  sidesOf,
  unsettled,
  withoutKeep,
} from './support.ts'

describe('at the fold', () => {
  for (const [why, policy, sides, after] of settled) {
    test(why, () =>
      inWorld(async world => {
        const { parent, run } = await aDivergedRun(world, sidesOf(sides), policy)
        await run.fold()
        assert.deepEqual(await withoutKeep(parent), after)
        await parent.compact()
        assert.deepEqual(await withoutKeep(parent), after)
      }),
    )
  }

  for (const [why, policy, sides] of unsettled) {
    test(`${why} is a conflict; nothing is changed, and the run can be folded with another policy`, () =>
      inWorld(async world => {
        const { parent, run } = await aDivergedRun(world, sidesOf(sides), policy)
        const before = await contents(parent)
        await assert.rejects(run.fold(), isConflictOver('a.txt'))
        assert.deepEqual(await contents(parent), before)
        await run.fold({ onConflict: 'theirs' })
        assert.equal(text(await parent.get('a.txt')), sides[2] ?? '(absent)')
      }))
  }

  test('each path has the policy of the first glob that matches, and one without fails the whole fold', () =>
    inWorld(async world => {
      const paths = ['both/x.txt', 'data/a.json', 'fn/x', 'logs/a.log', 'ours/x', 'theirs/x']
      const all = (values: string[]) => Object.fromEntries(paths.map((path, i) => [path, values[i] ?? '']))
      const files = {
        base: all(['0', '{}', '0', '0\n', '0', '0']),
        ours: all(['1', '{"a":1}', '1', '0\n1\n', '1', '1']),
        theirs: all(['2', '{"b":2}', '2', '0\n2\n', '2', '2']),
      }
      const policy = {
        'data/*.json': 'json-merge',
        'logs/**': 'union-lines',
        'ours/*': 'ours',
        'theirs/*': 'theirs',
        'both/**': 'keep-both',
        'fn/*': joined,
      } as const
      const { parent, run } = await aDivergedRun(world, files, policy)
      await assert.rejects(
        run.fold({ onConflict: { 'data/*.json': 'json-merge' } }),
        isConflictOver(...paths.filter(path => path !== 'data/a.json')),
      )
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), {
        'both/x.r.txt': '2',
        'both/x.txt': '1',
        'data/a.json': '{"a":1,"b":2}',
        'fn/x': 'fn/x: 0|1|2',
        'logs/a.log': '0\n1\n2\n',
        'ours/x': '1',
        'theirs/x': '2',
      })
    }))

  test('paths that only one side changed have no need of a policy', () =>
    inWorld(async world => {
      const files = {
        base: { a: '0', b: '0', c: '0', d: '0' },
        ours: { a: '1', c: 'same', e: '1' },
        theirs: { b: '2', c: 'same', d: undefined, f: '2' },
      }
      const { parent, run } = await aDivergedRun(world, files)
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), { a: '1', b: '2', c: 'same', e: '1', f: '2' })
    }))

  test('a function that throws ends the fold with its error; the run can be folded again', () =>
    inWorld(async world => {
      const policy = () => {
        throw new TypeError('mine')
      }
      const { parent, run } = await aDivergedRun(world, sidesOf(['0', '1', '2']), policy)
      await assert.rejects(run.fold(), /mine/)
      assert.equal(text(await parent.get('a.txt')), '1')
      await run.fold({ onConflict: 'theirs' })
      assert.equal(text(await parent.get('a.txt')), '2')
    }))

  test('the policies by name are still known when somebody else ends the run; a function is not', () =>
    inWorld(async world => {
      const files = { base: { a: '0', b: '0' }, ours: { a: '1', b: '1' }, theirs: { a: '2', b: '2' } }
      const { run, parent } = await aDivergedRun(world, files, { a: 'theirs', b: joined })
      await run.release()
      const other = await (await world.client().store.namespace('p')).resume('r')
      await assert.rejects(other.fold(), isConflictOver('b'))
      await other.fold({ onConflict: { a: 'theirs', b: 'ours' } })
      assert.deepEqual(await withoutKeep(parent), { a: '2', b: '1' })
    }))

  test('large values are settled as small ones are, and outlive the run', () =>
    inWorld(async world => {
      const large = (letter: string) => letter.repeat(10_000)
      const files = {
        base: { 'a.txt': large('0'), log: '0\n' },
        ours: { 'a.txt': large('1'), log: `0\n${large('1')}\n` },
        theirs: { 'a.txt': large('2'), log: `0\n${large('2')}\n` },
      }
      const { parent, run } = await aDivergedRun(world, files, { '*.txt': 'keep-both', log: 'union-lines' })
      await run.fold()
      await parent.compact()
      assert.deepEqual(await withoutKeep(parent), {
        'a.r.txt': large('2'),
        'a.txt': large('1'),
        log: `0\n${large('1')}\n${large('2')}\n`,
      })
    }))

  test('what the run put back as it was does not undo what the parent changed', () =>
    inWorld(async world => {
      const { parent, run } = await aDivergedRun(world, sidesOf(['0', '1', '0']))
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), { 'a.txt': '1' })
    }))

  test('what the run put back as it was does not undo that the parent deleted it', () =>
    inWorld(async world => {
      const { parent, run } = await aDivergedRun(world, sidesOf(['0', undefined, '0']))
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), {})
    }))
})

describe('keep-both', () => {
  test('overwrites no neighbour of the parent, old or new', () =>
    inWorld(async world => {
      const files = {
        base: { 'a.txt': '0', 'a.r.txt': 'old' },
        ours: { 'a.txt': '1', 'a.r-2.txt': 'new' },
        theirs: { 'a.txt': '2' },
      }
      const { parent, run } = await aDivergedRun(world, files, 'keep-both')
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), {
        'a.r-2.txt': 'new',
        'a.r-3.txt': '2',
        'a.r.txt': 'old',
        'a.txt': '1',
      })
    }))

  test('overwrites no neighbour that the run itself wrote', () =>
    inWorld(async world => {
      const files = {
        base: { 'a.txt': '0' },
        ours: { 'a.txt': '1' },
        theirs: { 'a.txt': '2', 'a.r.txt': 'of the run' },
      }
      const { parent, run } = await aDivergedRun(world, files, 'keep-both')
      await run.fold()
      const after = await withoutKeep(parent)
      assert.equal(after['a.txt'], '1')
      assert.deepEqual(Object.values(after).sort(), ['1', '2', 'of the run'])
    }))

  test('names each run, and each of its values when the run is of every night', () =>
    inWorld(async world => {
      const parent = await parentWith(world, { a: '0' })
      for (const value of ['1', '2']) {
        const run = await parent.fork('nightly', { onConflict: 'keep-both' })
        await run.put('a', `of night ${value}`)
        await parent.put('a', `of day ${value}`)
        await run.fold()
      }
      assert.deepEqual(await contents(parent), {
        a: 'of day 2',
        'a.nightly': 'of night 1',
        'a.nightly-2': 'of night 2',
      })
    }))

  test('of a path that has no room for a longer name is a conflict', () =>
    inWorld(async world => {
      const path = 'x'.repeat(899)
      const files = { base: { [path]: '0' }, ours: { [path]: '1' }, theirs: { [path]: '2' } }
      const { run } = await aDivergedRun(world, files, 'keep-both')
      await assert.rejects(run.fold(), ConflictError)
    }))
})
