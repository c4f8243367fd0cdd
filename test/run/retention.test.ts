// Retention by its rules: what goes, what stays, and what is told of it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RetentionRule } from '../../lib/run/retention/rules.ts'
import { applied, DAY, FIVE_VERSIONS, pathsOf, retain, versions, write } from './retention-world.ts'
import { inWorld, parentIn } from './support.ts'

describe('retention by number', () => {
  test('keeps the newest of each group whole, by number and not by name', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, [...versions('m', [1, 2, 9, 10, 11]), ...versions('n', [3]), 'other/1/a'])
      const report = await applied(world, [FIVE_VERSIONS])
      assert.deepEqual(
        (await pathsOf(parent)).sort(),
        [...versions('m', [10, 11]), ...versions('n', [3]), 'other/1/a'].sort(),
      )
      assert.equal(report.units, 3)
      assert.equal(report.files, 6)
      assert.equal(report.bytes, versions('m', [1, 2, 9]).join('').length)
      assert.deepEqual(report.examples, versions('m', [1, 2, 9]))
      assert.equal(report.left, 0)
    }))

  test('never deletes what is no number, and tells it', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3, 'latest', '4-rc1']))
      const report = await applied(world, [FIVE_VERSIONS])
      assert.deepEqual(await pathsOf(parent), versions('m', [2, 3, '4-rc1', 'latest']))
      assert.equal(report.notNumbered.files, 4)
      assert.deepEqual(report.notNumbered.examples, versions('m', ['4-rc1', 'latest']))
    }))

  test('compares numbers that no float can hold, and takes 007 and 7 for one', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', ['007', 7, 6, '90071992547409931', '90071992547409932', '090071992547409933']))
      await applied(world, [FIVE_VERSIONS])
      assert.deepEqual(await pathsOf(parent), versions('m', ['090071992547409933', '90071992547409932']))
      await write(parent, versions('o', ['007', 7, 6, 5]))
      await applied(world, [FIVE_VERSIONS])
      assert.deepEqual((await pathsOf(parent)).slice(4), versions('o', ['007', 6, 7]))
    }))

  test('works where groups do not stand together in the listing', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const all = ['a-1', 'a-2', 'a-10', 'a-b-1', 'a-b-3', 'a-1-5', 'a-1-7'].map(name => `m/${name}.json`)
      await write(parent, all)
      const report = await applied(world, [{ path: 'm/{name}-{n}.json', keep: { newest: 1, by: 'n' } }])
      assert.deepEqual(await pathsOf(parent), ['m/a-1-7.json', 'm/a-10.json', 'm/a-b-3.json'])
      assert.equal(report.units, 4)
    }))

  test('with an age too, deletes what is neither among the newest nor young', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 5]))
      await world.time.ambient().sleep(10 * DAY)
      await write(parent, versions('m', [2, 3, 4]))
      await applied(world, [{ ...FIVE_VERSIONS, maxAge: '5d' }])
      assert.deepEqual(await pathsOf(parent), versions('m', [2, 3, 4, 5]))
    }))
})

describe('retention by age', () => {
  test('deletes each file that is too old where nothing is captured', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, ['logs/a', 'logs/b/c', 'other/a'])
      await world.time.ambient().sleep(2 * DAY)
      await write(parent, ['logs/b/d'])
      const report = await applied(world, [{ path: 'logs/**', maxAge: '1d' }])
      assert.deepEqual(await pathsOf(parent), ['logs/b/d', 'other/a'])
      assert.equal(report.units, 2)
    }))

  test('deletes a unit only when its newest file is too old', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, ['logs/r1/a', 'logs/r1/b', 'logs/r2/a', 'logs/r2/b'])
      await world.time.ambient().sleep(2 * DAY)
      await write(parent, ['logs/r2/c'])
      await applied(world, [{ path: 'logs/{run}/**', maxAge: '1d' }])
      assert.deepEqual(await pathsOf(parent), ['logs/r2/a', 'logs/r2/b', 'logs/r2/c'])
    }))

  test('judges by the time that it is given', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, ['logs/a'])
      const rules: RetentionRule[] = [{ path: 'logs/**', maxAge: '1d' }]
      const now = world.time.ambient().now()
      assert.equal((await applied(world, rules, { now: now + DAY - 1000 })).files, 0)
      assert.equal((await applied(world, rules, { now: now + DAY + 1000 })).files, 1)
    }))
})

describe('retention by size', () => {
  test('deletes the oldest until the rest fits', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      for (const name of ['c', 'a', 'd', 'b']) {
        await write(parent, { [`logs/${name}/1`]: 'x'.repeat(50), [`logs/${name}/2`]: 'x'.repeat(50) })
        await world.time.ambient().sleep(1000)
      }
      await applied(world, [{ path: 'logs/{run}/**', maxBytes: 200 }])
      assert.deepEqual(await pathsOf(parent), ['logs/b/1', 'logs/b/2', 'logs/d/1', 'logs/d/2'])
      await applied(world, [{ path: 'logs/{run}/**', maxBytes: 199 }])
      assert.deepEqual(await pathsOf(parent), ['logs/b/1', 'logs/b/2'])
    }))
})

describe('several rules', () => {
  test('delete what any of them says, and count it once', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3, 4]))
      await world.time.ambient().sleep(2 * DAY)
      await write(parent, versions('m', [5, 6]))
      const rules = [FIVE_VERSIONS, { path: 'data/**', maxAge: '1d' }]
      const dry = await retain(world.client(), rules, { dryRun: true })
      const reports = await retain(world.client(), rules)
      assert.deepEqual(dry, reports)
      assert.deepEqual(
        reports.map(({ files, left }) => [files, left]),
        [
          [8, 0],
          [0, 0],
          [0, 0],
        ],
      )
      assert.deepEqual(await pathsOf(parent), versions('m', [5, 6]))
    }))

  test('do not see what one keeps', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3, 4, 5]))
      await applied(world, [FIVE_VERSIONS, { path: 'data/*/5/**', keep: 'all' }, { path: 'data/*/1/a*', keep: 'all' }])
      assert.deepEqual(await pathsOf(parent), ['data/m/1/a.json', ...versions('m', [3, 4, 5])])
    }))

  test('of another namespace do nothing', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      const reports = await retain(world.client(), [{ ...FIVE_VERSIONS, namespace: 'q' }])
      assert.deepEqual(
        reports.map(({ path }) => path),
        ['.runlet/logs/**'],
      )
      assert.equal((await pathsOf(parent)).length, 6)
      await applied(world, [{ ...FIVE_VERSIONS, namespace: 'p' }])
      assert.deepEqual(await pathsOf(parent), versions('m', [2, 3]))
    }))
})

test('runlet’s own logs go after a month, and nobody’s data', () =>
  inWorld(async world => {
    const parent = await parentIn(world)
    await write(parent, ['.runlet/logs/old', 'logs/old', 'data/old'])
    await world.time.ambient().sleep(31 * DAY)
    await write(parent, ['.runlet/logs/new'])
    await retain(world.client(), [])
    assert.deepEqual(await pathsOf(parent), ['.runlet/logs/new', 'data/old', 'logs/old'])
  }))
