// Merging two values of a path: what is kept, what is a conflict, and that nothing that either side said is lost.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mergeJson, unionLines } from '../../lib/namespace/merge-values.ts'

const logs = fc.array(fc.constantFrom('a', 'b', 'c', '', 'd e'), { maxLength: 6 })
const textOf = (lines: readonly string[]) => lines.map(line => `${line}\n`).join('')
/** Any JSON whose numbers are exact: others are a conflict. */
const json = fc.jsonValue({ maxDepth: 2 }).map(value => JSON.parse(JSON.stringify(value, exact)) as unknown)
const exact = (_: string, value: unknown) => (typeof value === 'number' ? Math.trunc(value % 1000) / 8 : value)
const plain = { noNullPrototype: true }
const objects = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(json, fc.dictionary(fc.constantFrom('x', 'y'), json, plain)),
  plain,
)

describe('union-lines', () => {
  const cases: [why: string, base: string, ours: string, theirs: string, merged: string][] = [
    ['adds what the arriving side added', 'x\n', 'x\na\n', 'x\nb\n', 'x\na\nb\n'],
    ['begins with nothing', '', 'a\n', 'b\n', 'a\nb\n'],
    ['ends the last line that is there before it adds', 'x', 'x', 'x\ny', 'x\ny'],
    ['adds no line end that the arriving side has not', '', 'a\n', 'b', 'a\nb'],
    ['keeps what the arriving side removed', 'x\ny\n', 'x\ny\nz\n', 'x\n', 'x\ny\nz\n'],
    ['adds a line as often as it was added', 'x\n', 'x\n', 'x\nx\nx\n', 'x\nx\nx\n'],
    ['keeps lines that both added, each in its place', '', 'same\n', 'same\nmore\n', 'same\nsame\nmore\n'],
    ['adds empty lines', 'a\n', 'a\nb\n', 'a\n\n', 'a\nb\n\n'],
    ['leaves the line ends of Windows alone', 'a\r\n', 'a\r\nb\r\n', 'a\r\nc\r\n', 'a\r\nb\r\nc\r\n'],
  ]
  for (const [why, base, ours, theirs, merged] of cases) {
    test(why, () => assert.equal(unionLines(base, ours, theirs), merged))
  }

  test('changes nothing when the arriving side added nothing', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (base, ours) => unionLines(base, ours, base) === ours))
  })

  test('gives the arriving log when the other side stayed as it was', () => {
    fc.assert(
      fc.property(logs, logs, (base, added) => {
        const theirs = textOf([...base, ...added])
        assert.equal(unionLines(textOf(base), textOf(base), theirs), theirs)
      }),
    )
  })

  test('gives, for two logs that only grew, one side and then what the other added', () => {
    fc.assert(
      fc.property(logs, logs, logs, (base, left, right) => {
        const merged = unionLines(textOf(base), textOf([...base, ...left]), textOf([...base, ...right]))
        assert.equal(merged, textOf([...base, ...left, ...right]))
      }),
    )
  })
})

describe('json-merge', () => {
  const merges: [why: string, base: string | undefined, ours: string, theirs: string, merged: string][] = [
    ['takes the keys that either side changed', '{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":1,"b":2}', '{"a":2,"b":2}'],
    ['takes the keys that either side added', '{}', '{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ['takes the keys that either side removed', '{"a":1,"b":1,"c":1}', '{"b":1,"c":1}', '{"a":1,"c":1}', '{"c":1}'],
    ['goes down', '{"a":{"x":1,"y":1}}', '{"a":{"x":2,"y":1}}', '{"a":{"x":1,"y":2}}', '{"a":{"x":2,"y":2}}'],
    ['merges objects that both added', undefined, '{"a":{"x":1}}', '{"a":{"y":2}}', '{"a":{"x":1,"y":2}}'],
    ['takes what both changed alike', '{"a":1}', '{"a":2}', '{"a":2,"b":1}', '{"a":2,"b":1}'],
    ['takes a list that one side changed', '{"a":[1]}', '{"a":[1,2]}', '{"a":[1],"b":1}', '{"a":[1,2],"b":1}'],
    ['takes a whole value that one side changed', '1', '1', '2', '2'],
    ['has no prototype to be misled by', '{}', '{"__proto__":{"x":1}}', '{"b":1}', '{"__proto__":{"x":1},"b":1}'],
    ['takes inherited names for keys', '{}', '{"a":1}', '{"constructor":2}', '{"a":1,"constructor":2}'],
    [
      'takes a number for what it says',
      '{}',
      '{"a":[1.50,-0.0,1E3,12e-1,1e21]}',
      '{"b":"1e-400 \\" 1e-400"}',
      '{"a":[1.5,0,1000,1.2,1e+21],"b":"1e-400 \\" 1e-400"}',
    ],
    ['keeps the indentation and the line end', '{}', '{\n  "a": 1\n}\n', '{"b":2}', '{\n  "a": 1,\n  "b": 2\n}\n'],
  ]
  for (const [why, base, ours, theirs, merged] of merges) {
    test(why, () => assert.equal(mergeJson(base, ours, theirs), merged))
  }

  const conflicts: [why: string, base: string | undefined, ours: string, theirs: string][] = [
    ['a key that both changed', '{"a":1}', '{"a":2}', '{"a":3}'],
    ['a key deep down that both changed', '{"a":{"x":1}}', '{"a":{"x":2}}', '{"a":{"x":3}}'],
    ['a key that both added differently', undefined, '{"a":1}', '{"a":2}'],
    ['a key that one removed and the other changed', '{"a":1}', '{}', '{"a":2}'],
    ['lists that both changed', '[1]', '[1,2]', '[1,3]'],
    ['a value that became an object on one side', '{"a":1}', '{"a":{"x":1}}', '{"a":2}'],
    ['a number with more digits than a double has', '{}', '{"t":1718000000.123456789}', '{"a":1}'],
    ['a number that is next to nothing', '{}', '{"t":1e-400}', '{"a":1}'],
    ['a whole number that is no double', '{}', '{"t":9007199254740993}', '{"a":1}'],
    ['a number beyond all doubles', '{}', '{"t":-1e400}', '{"a":1}'],
    ['what is there not being JSON', '{}', 'no', '{"a":1}'],
    ['what arrives not being JSON', '{}', '{"a":1}', ''],
    ['the base not being JSON', '{"a"', '{"a":1}', '{"b":1}'],
  ]
  for (const [why, base, ours, theirs] of conflicts) {
    test(`is a conflict: ${why}`, () => assert.equal(mergeJson(base, ours, theirs), undefined))
  }

  test('takes a string of millions of characters', () => {
    const long = JSON.stringify(`${'a'.repeat(5_000_000)}${'"'.repeat(500_000)}`)
    assert.ok(mergeJson('{}', `{"a":${long}}`, '{"b":1}')?.includes('"b":1'))
  })

  test('keeps tabs as they are', () => {
    assert.equal(mergeJson('{}', '{\n\t"a": 1\n}', '{"b":2}'), '{\n\t"a": 1,\n\t"b": 2\n}')
  })

  test('never changes a number that nobody changed', () => {
    const merged = mergeJson('{"n":9007199254740993}', '{"n":9007199254740993,"a":1}', '{"n":9007199254740993,"b":1}')
    assert.ok(merged === undefined || merged.includes('9007199254740993'), merged)
  })

  const merge = (base: unknown, ours: unknown, theirs: unknown): unknown => {
    const merged = mergeJson(JSON.stringify(base), JSON.stringify(ours), JSON.stringify(theirs))
    return merged === undefined ? 'conflict' : { merged: JSON.parse(merged) }
  }

  test('takes the side that changed when the other did not', () => {
    fc.assert(
      fc.property(objects, objects, (base, changed) => {
        assert.deepEqual(merge(base, changed, base), { merged: changed })
        assert.deepEqual(merge(base, base, changed), { merged: changed })
      }),
    )
  })

  test('gives the same whichever side is called ours', () => {
    fc.assert(
      fc.property(objects, objects, objects, (base, left, right) => {
        assert.deepEqual(merge(base, left, right), merge(base, right, left))
      }),
    )
  })

  test('holds every key that one side alone changed', () => {
    fc.assert(
      fc.property(objects, json, json, (base, left, right) => {
        const [ours, theirs] = [
          { ...base, mine: left },
          { ...base, yours: right },
        ]
        assert.deepEqual(merge(base, ours, theirs), { merged: { ...base, mine: left, yours: right } })
      }),
    )
  })
})
