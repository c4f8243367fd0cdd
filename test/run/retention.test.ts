// Retention applied: what goes, what stays, what is told of it, and that nothing which others do at the same time is lost through it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AbortedError, InvalidArgumentError } from '../../lib/errors.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { matchPattern } from '../../lib/run/retention/pattern.ts'
import { applyRetention, type RetentionOptions } from '../../lib/run/retention/retention.ts'
import { parseRetention, type RetentionRule } from '../../lib/run/retention/rules.ts'
import type { Namespace } from '../../lib/runlet.ts'
import type { Client } from '../support/world.ts'
import { contents, World } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

const DAY = 86_400_000
const FIVE_VERSIONS: RetentionRule = { path: 'data/{name}/{version}/**', keep: { newest: 2, by: 'version' } }

/** As another process, which has seen nothing yet. */
function retain(client: Client, rules: readonly RetentionRule[], options: Partial<RetentionOptions> = {}) {
  const namespace = openNamespace(client.objects, parseNamespaceName('p'), client.ambient)
  return applyRetention(namespace, rules, { author: 'sweep', ...options })
}

/** The report of the first rule, as anything that the test does not name does not matter. */
async function applied(world: World, rules: readonly RetentionRule[], options?: Partial<RetentionOptions>) {
  const [report] = await retain(world.client(), rules, options)
  assert.ok(report)
  return report
}

async function write(namespace: Namespace, files: Readonly<Record<string, string>> | readonly string[]) {
  const entries = Array.isArray(files) ? files.map(path => [path, path] as const) : Object.entries(files)
  await namespace.commit(tx => {
    for (const [path, value] of entries) tx.put(path, value)
  })
}

const pathsOf = async (namespace: Namespace) => Object.keys(await contents(namespace))

const versions = (name: string, numbers: readonly (number | string)[]) =>
  numbers.flatMap(version => [`data/${name}/${version}/a.json`, `data/${name}/${version}/deep/b.json`])

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

describe('retention', () => {
  test('writes nothing in a dry run, and tells what the next one does', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3, 4, 'x']))
      const before = world.keys().map(key => [key, world.bucket.objects.get(key)?.etag])
      const dry = await applied(world, [FIVE_VERSIONS], { dryRun: true })
      assert.deepEqual(
        world.keys().map(key => [key, world.bucket.objects.get(key)?.etag]),
        before,
      )
      assert.deepEqual(await applied(world, [FIVE_VERSIONS]), dry)
      assert.equal(dry.files, 4)
    }))

  test('makes ordinary commits, which the log names', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await applied(world, [FIVE_VERSIONS])
      for await (const { author, message, rows } of parent.log()) {
        assert.deepEqual(
          { author, message, rows },
          { author: 'sweep', message: `retention: ${FIVE_VERSIONS.path}`, rows: 2 },
        )
        return
      }
    }))

  test('done again finds nothing, and commits nothing', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await applied(world, [FIVE_VERSIONS])
      const head = world.peek('ns/p/_/head')
      assert.equal((await applied(world, [FIVE_VERSIONS])).files, 0)
      assert.deepEqual(world.peek('ns/p/_/head'), head)
    }))

  test('refuses a malformed rule before it reads anything', () =>
    inWorld(async world => {
      await parentIn(world)
      const client = world.client()
      await assert.rejects(() => retain(client, [FIVE_VERSIONS, { path: 'x/**' }]), InvalidArgumentError)
      assert.deepEqual(client.requests, [])
    }))

  test('ends at its signal', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      await assert.rejects(() => applied(world, [FIVE_VERSIONS], { signal: AbortSignal.abort() }), AbortedError)
      assert.equal((await pathsOf(parent)).length, 6)
    }))

  test('deletes more than a commit holds in several, and a unit in one as far as it fits', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const unit = (version: number, files: number) =>
        Array.from({ length: files }, (_, i) => `data/m/${version}/${String(i).padStart(5, '0')}`)
      await write(parent, [...unit(1, 700), ...unit(2, 700), ...unit(3, 5000), ...unit(4, 10), ...unit(5, 1)])
      const report = await applied(world, [FIVE_VERSIONS])
      assert.equal(report.files, 6400)
      assert.equal(report.units, 3)
      const sizes: number[] = []
      for await (const { message, rows } of parent.log()) if (message) sizes.push(rows)
      assert.deepEqual(sizes, [904, 4096, 1400])
      assert.equal((await pathsOf(parent)).length, 11)
    }))

  test('leaves an open run what it was forked from', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, versions('m', [1, 2, 3]))
      const run = await parent.fork('build')
      await run.put('data/m/4/a.json', 'new')
      await applied(world, [FIVE_VERSIONS])
      await parent.compact()
      assert.deepEqual(await pathsOf(run), [...versions('m', [1, 2, 3]), 'data/m/4/a.json'])
      await run.fold()
      assert.deepEqual(await pathsOf(parent), [...versions('m', [2, 3]), 'data/m/4/a.json'])
    }))

  test('tells which files it deletes before it does, with the places of their values', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(parent, { 'data/m/1/a': 'x'.repeat(10_000), 'data/m/2/a': 'x', 'data/m/3/a': 'x' })
      const told: [path: string, object: string | undefined, isThere: boolean][] = []
      await applied(world, [FIVE_VERSIONS], {
        onDelete: async rows => {
          for (const { path, object } of rows) told.push([path, object, (await parent.get(path)) !== undefined])
        },
      })
      const [value] = world.keys('ns/p/_/values/')
      assert.deepEqual(told, [['data/m/1/a', value?.split('/').at(-1), true]])
    }))

  test('has what it hid compacted away when it was a fair part', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      await write(
        parent,
        versions(
          'm',
          Array.from({ length: 100 }, (_, i) => i),
        ),
      )
      await applied(world, [FIVE_VERSIONS])
      const { layers } = world.peek('ns/p/_/head')
      assert.deepEqual(
        layers.map((layer: { files?: { rows: number }[] }) => layer.files?.map(file => file.rows)),
        [[4]],
      )
    }))

  test('agrees with a simple model, whatever the rules and the files', () => fc.assert(modelProperty, { numRuns: 60 }))
})

const names = fc.constantFrom('a', 'b', 'a-1')
const files = fc.uniqueArray(
  fc.record({
    path: fc
      .tuple(names, fc.constantFrom('1', '2', '02', '10', 'x', '3'), fc.constantFrom('f', 'g/h'))
      .map(parts => `d/${parts.join('/')}`),
    size: fc.nat({ max: 9 }),
    day: fc.nat({ max: 6 }),
  }),
  { selector: ({ path }) => path, maxLength: 24 },
)
const rule = fc.oneof(
  fc
    .record({
      newest: fc.integer({ min: 1, max: 3 }),
      path: fc.constantFrom('d/{n}/{v}/**', 'd/*/{v}/{f}', '{d}/{n}/{v}/f'),
    })
    .map(({ newest, path }): RetentionRule => ({ path, keep: { newest, by: 'v' } })),
  fc
    .record({
      days: fc.integer({ min: 1, max: 6 }),
      path: fc.constantFrom('d/**', 'd/{n}/**', 'd/*/{v}/**', 'd/{n}/*/f'),
    })
    .map(({ days, path }): RetentionRule => ({ path, maxAge: days * DAY })),
  fc
    .record({ maxBytes: fc.integer({ min: 1, max: 60 }), path: fc.constantFrom('d/**', 'd/{n}/**', 'd/{n}/{v}/**') })
    .map(({ maxBytes, path }): RetentionRule => ({ path, maxBytes })),
  fc.constantFrom<RetentionRule>({ path: 'd/a/**', keep: 'all' }, { path: 'd/*/1/*', keep: 'all' }),
)

/** What the documentation says, written down as plainly as possible. */
function modelOf(
  all: readonly { path: string; size: number; at: number }[],
  rules: readonly RetentionRule[],
  now: number,
) {
  const parsed = parseRetention(rules)
  const isKept = (path: string) => parsed.some(one => one.isKeepAll && matchPattern(one.pattern, path))
  const going = new Set<string>()
  for (const { pattern, newest, maxAgeMs, maxBytes, isKeepAll } of parsed) {
    if (isKeepAll) continue
    const units = new Map<string, { group: string; number: bigint; files: (typeof all)[number][] }>()
    for (const file of all) {
      const values = matchPattern(pattern, file.path)
      if (!values || isKept(file.path)) continue
      const captured = Object.fromEntries(pattern.captures.map((name, i) => [name, values[i] ?? '']))
      const text = newest ? (captured[newest.by] ?? '') : '0'
      if (!/^\d+$/.test(text)) continue
      if (newest) captured[newest.by] = String(BigInt(text))
      const key = pattern.captures.length > 0 ? JSON.stringify(captured) : file.path
      const group = newest ? JSON.stringify({ ...captured, [newest.by]: '' }) : ''
      units.set(key, { group, number: BigInt(text), files: [...(units.get(key)?.files ?? []), file] })
    }
    const list = [...units.values()].map(unit => ({
      ...unit,
      at: Math.max(...unit.files.map(file => file.at)),
      bytes: unit.files.reduce((sum, file) => sum + file.size, 0),
    }))
    const rank = (unit: (typeof list)[number]) =>
      list.filter(other => other.group === unit.group && other.number > unit.number).length
    let doomed = list.filter(unit => !newest || rank(unit) >= newest.count)
    if (maxAgeMs) doomed = doomed.filter(unit => now - unit.at > maxAgeMs)
    if (maxBytes) {
      let total = list.reduce((sum, unit) => sum + unit.bytes, 0)
      doomed = doomed
        .filter(unit => unit.bytes > 0)
        .sort((a, b) => a.at - b.at)
        .filter(unit => {
          if (total <= maxBytes) return false
          total -= unit.bytes
          return true
        })
    }
    for (const unit of doomed) for (const file of unit.files) going.add(file.path)
  }
  return all.map(file => file.path).filter(path => !going.has(path))
}

const modelProperty = fc.asyncProperty(files, fc.array(rule, { minLength: 1, maxLength: 3 }), async (all, rules) => {
  const world = new World()
  await world.run(async () => {
    const parent = await parentIn(world)
    for (let day = 0; day <= 6; day++) {
      // A moment between them, or the order of their ages would be that of their paths in one place and of nothing in another.
      for (const file of all.filter(one => one.day === day)) {
        await parent.put(file.path, 'x'.repeat(file.size))
        await world.time.ambient().sleep(1000)
      }
      await world.time.ambient().sleep(DAY)
    }
    const listed: { path: string; size: number; at: number }[] = []
    for await (const { path, size, modifiedAt } of parent.list()) listed.push({ path, size, at: modifiedAt.getTime() })
    const now = world.time.ambient().now()
    await retain(world.client(), rules, { now })
    assert.deepEqual(await pathsOf(parent), modelOf(listed, rules, now))
  })
})
