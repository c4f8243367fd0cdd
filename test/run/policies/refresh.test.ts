// Conflict policies when a run moves its fork point.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { aDivergedRun, inWorld, isConflictOver, settled, sidesOf, withoutKeep } from './support.ts'

describe('at a refresh', () => {
  for (const [why, policy, sides, after] of settled) {
    test(`${why}, at once in the run and later in the parent`, () =>
      inWorld(async world => {
        const { parent, run } = await aDivergedRun(world, sidesOf(sides), policy)
        await run.refresh()
        assert.deepEqual(await withoutKeep(run), after)
        await run.fold()
        assert.deepEqual(await withoutKeep(parent), after)
      }))
  }

  test('keep-both overwrites no neighbour that the parent has by now', () =>
    inWorld(async world => {
      const files = { base: { 'a.txt': '0' }, ours: { 'a.txt': '1', 'a.r.txt': 'new' }, theirs: { 'a.txt': '2' } }
      const { parent, run } = await aDivergedRun(world, files, 'keep-both')
      await run.refresh()
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), { 'a.r-2.txt': '2', 'a.r.txt': 'new', 'a.txt': '1' })
    }))

  test('what the run put back as it was does not undo that the parent deleted it', () =>
    inWorld(async world => {
      const { parent, run } = await aDivergedRun(world, sidesOf(['0', undefined, '0']))
      await run.refresh()
      await run.fold()
      assert.deepEqual(await withoutKeep(parent), {})
    }))

  test('a conflict leaves the run where it was', () =>
    inWorld(async world => {
      const { run } = await aDivergedRun(world, sidesOf(['0', '1', '2']))
      const pins = world.keys('ns/p/_/forks/')
      await assert.rejects(run.refresh(), isConflictOver('a.txt'))
      assert.deepEqual(await withoutKeep(run), { 'a.txt': '2' })
      assert.deepEqual(world.keys('ns/p/_/forks/'), pins)
    }))
})
