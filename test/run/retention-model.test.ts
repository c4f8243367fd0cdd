// Retention against a model that says what the documentation says, as plainly as possible.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { matchPattern } from '../../lib/run/retention/pattern.ts'
import { parseRetention, type RetentionRule } from '../../lib/run/retention/rules.ts'
import { World } from '../support/world.ts'
import { DAY, pathsOf, retain } from './retention-world.ts'
import { parentIn } from './support.ts'

describe('retention', () => {
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
