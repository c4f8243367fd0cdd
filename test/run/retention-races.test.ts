// Retention beside others who write and delete: what they do between the look and the commit is never lost through it, and the newest
// that are there in the end are never among what it deleted.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { applyRetention, type RetentionOptions } from '../../lib/run/retention/retention.ts'
import type { RetentionRule } from '../../lib/run/retention/rules.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { type Client, contents, World } from '../support/world.ts'
import { DAY, pathsOf } from './retention-world.ts'
import { inWorld, parentIn } from './support.ts'

const NEWEST_TWO: RetentionRule = { path: 'data/{name}/{version}/**', keep: { newest: 2, by: 'version' } }

async function retain(client: Client, rule: RetentionRule, options: Partial<RetentionOptions> = {}) {
  const namespace = openNamespace(client.objects, parseNamespaceName('p'), client.ambient)
  const [report] = await applyRetention(namespace, [rule], { author: 'sweep', ...options })
  await namespace.committer.idle()
  assert.ok(report)
  return report
}

/** Lets somebody else do something between what retention last saw of the namespace and its first commit. */
async function retainWhile(world: World, rule: RetentionRule, act: (other: Namespace) => Promise<unknown>) {
  const other = await world.client().store.namespace('p')
  let isFirst = true
  return retain(world.client(), rule, {
    onDelete: async () => {
      if (isFirst) {
        isFirst = false
        await act(other)
      }
    },
  })
}

const version = (name: string, number: number) => [`data/${name}/${number}/a`, `data/${name}/${number}/b/c`]
const versions = (name: string, numbers: readonly number[]) => numbers.flatMap(number => version(name, number))

async function write(namespace: Namespace, paths: readonly string[], value = 'old') {
  await namespace.commit(tx => {
    for (const path of paths) tx.put(path, value)
  })
}

async function remove(namespace: Namespace, paths: readonly string[]) {
  await namespace.commit(tx => {
    for (const path of paths) tx.delete(path)
  })
}

describe('while retention is about to delete', () => {
  for (const compacts of [false, true]) {
    const how = compacts ? ', and compacts' : ''
    const done = async (other: Namespace) => {
      if (compacts) await other.compact()
    }

    test(`somebody deletes the newest${how}: then the rest of the group stays, and others go`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, [...versions('m', [1, 2, 3]), ...versions('n', [1, 2, 3])])
        const report = await retainWhile(world, NEWEST_TWO, async other => {
          await remove(other, versions('m', [3]))
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), [...versions('m', [1, 2]), ...versions('n', [2, 3])])
        assert.deepEqual([report.files, report.units, report.left], [2, 1, 2])
      }))

    test(`somebody writes a file of an old version${how}: then that version stays whole`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, versions('m', [1, 2, 3, 4]))
        const report = await retainWhile(world, NEWEST_TWO, async other => {
          await other.put('data/m/1/a', 'new')
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), versions('m', [1, 3, 4]))
        assert.equal((await contents(parent))['data/m/1/a'], 'new')
        assert.deepEqual([report.files, report.left], [2, 2])
        assert.equal((await retain(world.client(), NEWEST_TWO)).files, 2)
        assert.deepEqual(await pathsOf(parent), versions('m', [3, 4]))
      }))

    test(`somebody adds a file to an old version${how}: then that version stays whole`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, versions('m', [1, 2, 3]))
        await retainWhile(world, NEWEST_TWO, async other => {
          await other.put('data/m/1/z', 'new')
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), [...versions('m', [1]), 'data/m/1/z', ...versions('m', [2, 3])])
      }))

    test(`somebody deletes the same files${how}: then the others go all the same`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, versions('m', [1, 2, 3, 4]))
        const report = await retainWhile(world, NEWEST_TWO, async other => {
          await remove(other, versions('m', [1]))
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), versions('m', [3, 4]))
        assert.deepEqual([report.files, report.left], [2, 2])
      }))

    test(`somebody writes a newer version${how}: then what was to go goes`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, versions('m', [1, 2, 3]))
        const report = await retainWhile(world, NEWEST_TWO, async other => {
          await write(other, versions('m', [4]))
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), versions('m', [2, 3, 4]))
        assert.equal(report.left, 0)
      }))

    test(`somebody makes room${how}: then nothing more goes for its size`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        for (const name of ['a', 'b', 'c']) {
          await parent.put(`logs/${name}`, 'x'.repeat(100))
          await world.time.ambient().sleep(1000)
        }
        const rule: RetentionRule = { path: 'logs/**', maxBytes: 200 }
        const report = await retainWhile(world, rule, async other => {
          await other.delete('logs/c')
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), ['logs/a', 'logs/b'])
        assert.deepEqual([report.files, report.left], [0, 1])
      }))

    test(`somebody writes to an old log${how}: then it stays`, () =>
      inWorld(async world => {
        const parent = await parentIn(world)
        await write(parent, ['logs/r1/a', 'logs/r1/b', 'logs/r2/a'])
        await world.time.ambient().sleep(2 * DAY)
        await retainWhile(world, { path: 'logs/{run}/**', maxAge: '1d' }, async other => {
          await other.put('logs/r1/c', 'still running')
          await done(other)
        })
        assert.deepEqual(await pathsOf(parent), ['logs/r1/a', 'logs/r1/b', 'logs/r1/c'])
      }))
  }

  test('somebody deletes the newest of a group whose turn comes much later: then that group stays', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const many = (name: string) => Array.from({ length: 2500 }, (_, i) => `data/${name}/${i}/a`)
      const newest = (name: string) => [`data/${name}/2498/a`, `data/${name}/2499/a`]
      await write(parent, [...many('a'), ...many('b'), ...many('c')])
      const report = await retainWhile(world, NEWEST_TWO, other => remove(other, newest('b')))
      const left = new Set(await pathsOf(parent))
      assert.deepEqual(
        new Set([...newest('a'), ...many('b').filter(path => !newest('b').includes(path)), ...newest('c')]),
        left,
      )
      assert.deepEqual([report.files, report.left], [2 * 2498, 2498])
    }))
})

test('writers that never pause, below the same prefix, do not keep retention out', () =>
  inWorld(async world => {
    const parent = await parentIn(world)
    await write(parent, versions('m', [1, 2, 3, 4, 5]))
    let isDone = false
    const written: string[] = []
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      const namespace = await world.client().store.namespace('p')
      for (let i = 0; !isDone && i < 500; i++) {
        const path = `data/w${writer}/${i}/a`
        await namespace.put(path, 'x')
        written.push(path)
      }
    })
    const report = await retain(world.client(), NEWEST_TWO)
    isDone = true
    await Promise.all(writers)
    assert.ok(written.length < 200, `it had to wait for ${written.length} writes`)
    assert.deepEqual([report.files > 0, report.left], [true, 0])
    const left = new Set(await pathsOf(parent))
    for (let writer = 0; writer < 4; writer++) {
      const own = written.filter(path => path.startsWith(`data/w${writer}/`))
      for (const path of own.slice(-2)) assert.ok(left.has(path), path)
    }
    for (const path of versions('m', [4, 5])) assert.ok(left.has(path))
    for (const path of versions('m', [1, 2, 3])) assert.ok(!left.has(path))
  }))

test('several retentions at once delete what one would', () =>
  inWorld(async world => {
    const parent = await parentIn(world)
    const all = Array.from({ length: 1500 }, (_, i) => `data/m/${i}/a`)
    await write(parent, all)
    const reports = await Promise.all(Array.from({ length: 4 }, () => retain(world.client(), NEWEST_TWO)))
    assert.deepEqual(await pathsOf(parent), all.slice(-2).sort())
    assert.equal(
      reports.reduce((sum, report) => sum + report.files, 0),
      1498,
    )
  }))

test('one that is killed leaves whole commits, and the next one does the rest', () =>
  inWorld(async world => {
    const parent = await parentIn(world)
    await write(
      parent,
      Array.from({ length: 3000 }, (_, i) => `data/m/${i}/a`),
    )
    const doomed = world.client()
    let commits = 0
    const dead = retain(doomed, NEWEST_TWO, {
      onDelete: async () => {
        commits += 1
        if (commits === 2) doomed.kill()
      },
    })
    void dead.catch(() => undefined)
    while (commits < 2) await world.time.ambient().sleep(100)
    await world.time.ambient().sleep(1000)
    assert.equal((await pathsOf(parent)).length, 2000)
    await world.time.ambient().sleep(120_000) // its leases
    assert.equal((await retain(world.client(), NEWEST_TWO)).files, 1998)
    assert.deepEqual(await pathsOf(parent), ['data/m/2998/a', 'data/m/2999/a'])
  }))

describe('whatever somebody does meanwhile', () => {
  const paths = fc
    .tuple(fc.constantFrom('m', 'n'), fc.integer({ min: 1, max: 6 }), fc.constantFrom('a', 'b/c'))
    .map(parts => `data/${parts.join('/')}`)
  const act = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), path: paths }),
    fc.record({ kind: fc.constant('delete' as const), path: paths }),
    fc.record({ kind: fc.constant('drop' as const), path: paths }),
    fc.record({ kind: fc.constant('compact' as const), path: paths }),
  )

  test('the newest that are there without retention are there with it, and so is what was written', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(paths, { maxLength: 24 }),
        fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        async (before, rounds) => {
          const world = new World()
          await world.run(async () => {
            const parent = await parentIn(world)
            await write(parent, before)
            const without = new Set(before)
            const written = new Set<string>()
            const other = await world.client().store.namespace('p')
            const left = [...rounds]
            await retain(world.client(), NEWEST_TWO, {
              onDelete: async () => {
                for (const one of left.shift() ?? []) {
                  if (one.kind === 'compact') await other.compact()
                  if (one.kind === 'put') {
                    await other.put(one.path, 'new')
                    without.add(one.path)
                    written.add(one.path)
                  }
                  const folder = one.kind === 'drop' ? one.path.replace(/\/[ab].*$/, '/') : one.path
                  const going = [...without].filter(path => one.kind !== 'put' && path.startsWith(folder))
                  if (one.kind === 'compact' || going.length === 0) continue
                  await remove(other, going)
                  for (const path of going) {
                    without.delete(path)
                    written.delete(path)
                  }
                }
              },
            })
            const there = new Set(await pathsOf(parent))
            for (const path of [...written, ...newestOf(without)]) assert.ok(there.has(path), path)
            for (const path of there) assert.ok(without.has(path), `${path} came back`)
            await retain(world.client(), NEWEST_TWO)
            assert.deepEqual(await pathsOf(parent), newestOf(there))
          })
        },
      ),
      { numRuns: 150 },
    ))
})

/** The files of the two newest versions of each name. */
function newestOf(paths: ReadonlySet<string>): string[] {
  const numberOf = (path: string) => Number(path.split('/')[2])
  return [...paths].sort().filter(path => {
    const name = path.split('/')[1]
    const numbers = new Set([...paths].filter(other => other.split('/')[1] === name).map(numberOf))
    return [...numbers].filter(number => number > numberOf(path)).length < 2
  })
}
