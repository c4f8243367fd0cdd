// Settling one conflict: what counts as one, where the other value lands, and what each policy makes of the three sides.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { systemAmbient } from '../../lib/ambient.ts'
import { type NamespaceName, type Path, parseNamespaceName, parsePath } from '../../lib/names.ts'
import { besideName, inConflict, type Settling, settle } from '../../lib/namespace/conflict.ts'
import type { NamedPolicy, PolicyFunction } from '../../lib/namespace/policy.ts'
import { isFile, type Row } from '../../lib/namespace/row.ts'
import { Values } from '../../lib/namespace/values.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'

const namespace: NamespaceName = parseNamespaceName('p')
const values = new Values(new MemoryStore(), systemAmbient)

/** The row of a value; of `undefined`, no row; of 'gone', that the path was deleted. */
async function rowOf(text: string | Uint8Array | undefined, path = 'dir/a.txt'): Promise<Row | undefined> {
  if (text === undefined) return undefined
  const about = { path: parsePath(path), seq: 1, at: 0, author: 'x', in: namespace }
  return text === 'gone' ? { ...about, deleted: true } : { ...about, ...(await values.write(namespace, text)) }
}

async function sidesOf(...texts: (string | Uint8Array | undefined)[]) {
  const [base, ours, theirs] = await Promise.all(texts.map(text => rowOf(text)))
  return { path: parsePath('dir/a.txt'), base, ours, theirs }
}

function settling(taken: readonly string[] = []): Settling {
  const isTaken = async (path: Path) => taken.includes(path)
  return { values, namespace, at: 7, author: 'folder', suffix: 'run-7', taken: isTaken }
}

/** The rows that a policy puts on top, as text by path. */
async function settled(
  texts: (string | Uint8Array | undefined)[],
  policy: NamedPolicy | 'owner' | PolicyFunction,
  by = settling(),
): Promise<'conflict' | 'owner' | Record<string, string>> {
  const settlement = await settle(await sidesOf(...texts), policy, by)
  if (typeof settlement === 'string') return settlement
  if ('error' in settlement) throw settlement.error
  const shown = settlement.rows.map(async row => {
    return [row.path, isFile(row) ? Buffer.from(await values.read(row)).toString() : '(deleted)'] as const
  })
  return Object.fromEntries(await Promise.all(shown))
}

type Three = [base: string | undefined, ours: string | undefined, theirs: string | undefined]

describe('a conflict', () => {
  /** Whether two writers of one namespace are in conflict, and whether two branches of work are. */
  const cases: [why: string, sides: Three, writers: boolean, branches: boolean][] = [
    ['of two different changes', ['a', 'b', 'c'], true, true],
    ['of a change and a deletion', ['a', 'b', 'gone'], true, true],
    ['of a deletion and a change', ['a', 'gone', 'b'], true, true],
    ['of two different new values', [undefined, 'b', 'c'], true, true],
    ['of two different values where one was deleted', ['gone', 'b', 'c'], true, true],
    ['of the same change twice', ['a', 'b', 'b'], true, false],
    ['of the same new value twice', [undefined, 'b', 'b'], true, false],
    ['of two deletions', ['a', 'gone', 'gone'], true, false],
    ['of a change of ours alone', ['a', 'b', 'a'], false, false],
    ['of a change of theirs alone', ['a', 'a', 'b'], false, false],
    ['of a deletion of what was never there', [undefined, 'b', 'gone'], false, false],
    ['of nothing at all', [undefined, undefined, undefined], false, false],
  ]
  for (const [why, sides, writers, branches] of cases) {
    test(`${why} is ${writers ? 'one' : 'none'} of writers and ${branches ? 'one' : 'none'} of branches`, async () => {
      assert.equal(await inConflict(await sidesOf(...sides), 'writer', values), writers)
      assert.equal(await inConflict(await sidesOf(...sides), 'branch', values), branches)
    })
  }
})

describe('the name beside', () => {
  const names: [path: string, beside: string][] = [
    ['a.txt', 'a.run-7.txt'],
    ['logs/a.txt', 'logs/a.run-7.txt'],
    ['a.tar.gz', 'a.tar.run-7.gz'],
    ['Makefile', 'Makefile.run-7'],
    ['.env', '.env.run-7'],
    ['dir/.env', 'dir/.env.run-7'],
    ['dir/.env.local', 'dir/.env.run-7.local'],
    ['v1.2/notes', 'v1.2/notes.run-7'],
    ['a.', 'a.run-7.'],
    ['häuser/ß.md', 'häuser/ß.run-7.md'],
  ]
  for (const [path, beside] of names) {
    test(`"${path}" is "${beside}"`, () => assert.equal(besideName(path, 'run-7'), beside))
  }

  test('any path is a path in the same folder, another for each path and each run', () => {
    const segment = fc.string({ unit: fc.constantFrom('a', '.', 'b', '-'), minLength: 1, maxLength: 5 })
    const paths = fc
      .array(segment, { minLength: 1, maxLength: 3 })
      .map(segments => segments.join('/'))
      .filter(path => !path.split('/').some(one => one === '.' || one === '..'))
    fc.assert(
      fc.property(paths, paths, (one, other) => {
        const beside = parsePath(besideName(one, 'run-7'))
        assert.equal(beside.slice(0, beside.lastIndexOf('/') + 1), one.slice(0, one.lastIndexOf('/') + 1))
        assert.notEqual(beside, besideName(one, 'run-8'))
        if (one !== other) assert.notEqual(beside, besideName(other, 'run-7'))
      }),
    )
  })
})

describe('the policy', () => {
  const path = 'dir/a.txt'
  const cases: [policy: NamedPolicy, sides: Three, onTop: Awaited<ReturnType<typeof settled>>][] = [
    ['error', ['a', 'b', 'c'], 'conflict'],
    ['ours', ['a', 'b', 'c'], { [path]: 'b' }],
    ['ours', ['a', 'gone', 'c'], { [path]: '(deleted)' }],
    ['ours', ['a', 'b', 'gone'], { [path]: 'b' }],
    ['theirs', ['a', 'b', 'c'], {}],
    ['theirs', ['a', 'b', 'gone'], {}],
    ['union-lines', ['1\n', '1\n2\n', '1\n3\n'], { [path]: '1\n2\n3\n' }],
    ['union-lines', [undefined, '2\n', '3\n'], { [path]: '2\n3\n' }],
    ['union-lines', ['1\n', 'gone', '1\n3\n'], 'conflict'],
    ['union-lines', ['1\n', '1\n2\n', 'gone'], 'conflict'],
    ['json-merge', ['{}', '{"a":1}', '{"b":2}'], { [path]: '{"a":1,"b":2}' }],
    ['json-merge', [undefined, '{"a":1}', '{"b":2}'], { [path]: '{"a":1,"b":2}' }],
    ['json-merge', ['{}', '{"a":1}', '{"a":2}'], 'conflict'],
    ['json-merge', ['{}', '{"a":1}', 'no'], 'conflict'],
    ['json-merge', ['{}', 'gone', '{"a":2}'], 'conflict'],
    ['keep-both', ['a', 'b', 'c'], { [path]: 'b', 'dir/a.run-7.txt': 'c' }],
    ['keep-both', ['a', 'gone', 'c'], {}],
    ['keep-both', ['a', 'b', 'gone'], { [path]: 'b' }],
  ]
  for (const [policy, sides, onTop] of cases) {
    test(`${policy} makes of ${sides.map(side => JSON.stringify(side) ?? 'nothing').join(', ')}: ${JSON.stringify(onTop)}`, async () => {
      assert.deepEqual(await settled(sides, policy), onTop)
    })
  }

  test('keep-both overwrites no neighbour', async () => {
    const taken = settling(['dir/a.run-7.txt', 'dir/a.run-7-2.txt'])
    assert.deepEqual(await settled(['a', 'b', 'c'], 'keep-both', taken), { [path]: 'b', 'dir/a.run-7-3.txt': 'c' })
  })

  test('of a function is asked with the three values, and its answer stands', async () => {
    const asked: unknown[] = []
    const join: PolicyFunction = (...sides) => {
      asked.push(sides.map(side => (side instanceof Uint8Array ? Buffer.from(side).toString() : side)))
      return Buffer.concat([sides[2] ?? Buffer.from('-'), sides[3] ?? Buffer.from('-')])
    }
    assert.deepEqual(await settled(['a', 'b', 'c'], join), { [path]: 'bc' })
    assert.deepEqual(await settled([undefined, 'b', 'c'], join), { [path]: 'bc' })
    assert.deepEqual(await settled(['a', 'gone', 'c'], join), { [path]: '-c' })
    assert.deepEqual(asked, [
      [path, 'a', 'b', 'c'],
      [path, undefined, 'b', 'c'],
      [path, 'a', undefined, 'c'],
    ])
  })

  test('of a function that says nothing deletes the path', async () => {
    assert.deepEqual(await settled(['a', 'b', 'c'], () => undefined), { [path]: '(deleted)' })
  })

  test('of a function may answer late, in text or as a stream', async () => {
    assert.deepEqual(await settled(['a', 'b', 'c'], async () => 'text'), { [path]: 'text' })
    async function* chunks() {
      yield 'str'
      yield Buffer.from('eam')
    }
    assert.deepEqual(await settled(['a', 'b', 'c'], () => chunks()), { [path]: 'stream' })
  })

  test('of a function that another process has is left to it', async () => {
    assert.equal(await settled(['a', 'b', 'c'], 'owner'), 'owner')
  })

  test('union-lines never changes bytes that are no UTF-8', async () => {
    const latin1 = (text: string) => Buffer.from(text, 'latin1')
    const settlement = await settle(
      await sidesOf(latin1('ä\n'), latin1('ä\nb\n'), latin1('ä\nc\n')),
      'union-lines',
      settling(),
    )
    assert.ok(typeof settlement !== 'string' && 'rows' in settlement)
    const [row] = settlement.rows
    assert.ok(isFile(row))
    assert.deepEqual(Buffer.from(await values.read(row)), latin1('ä\nb\nc\n'))
  })
})
