// Index files: what is written is read back, and whatever else is read gives a typed error that names the file. Anyone with
// write access to the bucket can put any bytes there; no bytes may do more than that.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { CorruptObjectError, FormatVersionError, RunletError } from '../../lib/errors.ts'
import { compareBytes, type Path, parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { IndexRef } from '../../lib/namespace/head.ts'
import { decodeIndexFile, encodeIndexFile, fingerprints, mayHold } from '../../lib/namespace/index-file.ts'
import type { StoredRow } from '../../lib/namespace/row.ts'

const KEY = 'ns/p/_/index/abcdefgh-1'
const namespace = parseNamespaceName('p')
const sha256 = 'a'.repeat(64)

const paths = fc
  .string({
    unit: fc.constantFrom('a', 'b', '/', '.', 'é', '\u{ffff}', '\u{1f600}', '"', ' '),
    minLength: 1,
    maxLength: 8,
  })
  .filter(isPath)
  .map(text => parsePath(text))

function isPath(text: string): boolean {
  try {
    parsePath(text)
    return true
  } catch {
    return false
  }
}

const places = fc.oneof(
  fc.base64String({ maxLength: 40 }).map(value => ({ value })),
  fc.constant({ object: 'abcdefgh-object' }),
  fc
    .nat({ max: 4096 })
    .map(offset => ({ pack: ['abcdefgh-pack', offset, offset + 16_384] as [string, number, number] })),
)
const files = fc
  .record({ size: fc.nat({ max: 16_384 }), place: places })
  .map(({ size, place }) => ({ size, sha256, ...place }))
const contents = fc.oneof(files, fc.constant({ deleted: true as const }))
const rows = fc
  .uniqueArray(fc.tuple(paths, contents, fc.option(fc.nat(), { nil: undefined }), fc.string()), {
    selector: ([path]) => path,
    minLength: 1,
    maxLength: 30,
  })
  .map(list =>
    list.map(([path, content, seq, author]): StoredRow => {
      return { path, at: 1, author, ...(seq !== undefined && { seq }), ...content }
    }),
  )
  .map(list => list.sort((a, b) => compareBytes(a.path, b.path)))

const aRow = (path: string): StoredRow => ({
  path: parsePath(path),
  at: 1,
  author: 'x',
  size: 1,
  sha256,
  value: 'YQ==',
})
const aRef = (first: string, last = first): IndexRef => {
  return { id: 'abcdefgh-ref', level: 0, first: parsePath(first), last: parsePath(last), rows: 1, bytes: 1 }
}
const lined = (...lines: unknown[]) => gzipSync(lines.map(line => `${JSON.stringify(line)}\n`).join(''))
const header = (count: number, about: object = {}) => ({ format: 1, kind: 'rows', namespace: 'p', count, ...about })

/** What decoding threw, which must be one of our own errors, naming the file. */
function refusalOf(body: Uint8Array): RunletError {
  try {
    decodeIndexFile(KEY, body)
  } catch (error) {
    assert.ok(error instanceof RunletError, String(error))
    assert.ok('key' in error && error.key === KEY)
    assert.match(error.message, /^stored object "ns\/p\/_\/index\/abcdefgh-1" .*\. /)
    return error
  }
  assert.fail('it was decoded')
}

describe('an index file', () => {
  test('of any rows is read back as it was written', () => {
    fc.assert(
      fc.property(rows, list => {
        const content = decodeIndexFile(KEY, encodeIndexFile({ kind: 'rows', namespace, rows: list }))
        assert.deepEqual(content, { kind: 'rows', namespace, rows: list })
      }),
    )
  })

  test('of references is read back as it was written', () => {
    const refs = [aRef('a', 'b'), { ...aRef('c'), in: parseNamespaceName('p/r'), level: 2, prints: 'AAA=' }]
    const content = decodeIndexFile(KEY, encodeIndexFile({ kind: 'refs', namespace, refs }))
    assert.deepEqual(content, { kind: 'refs', namespace, refs })
  })

  test('is a header and a line for each row, for zcat and jq', () => {
    const text = gunzipSync(encodeIndexFile({ kind: 'rows', namespace, rows: [aRow('a'), aRow('b')] })).toString()
    const lines = text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(lines, [header(2), aRow('a'), aRow('b')])
  })
})

describe('an index file is refused, and named,', () => {
  const valid = encodeIndexFile({ kind: 'rows', namespace, rows: [aRow('a'), aRow('b')] })
  const { seq: _, value: _value, ...nowhere } = { seq: 0, ...aRow('a') }
  const cases: [why: string, body: Uint8Array, problem: RegExp][] = [
    ['when it is empty', new Uint8Array(), /not valid gzip, or is cut short/],
    ['when it is no gzip', Buffer.from('{"format":1}\n'), /not valid gzip/],
    ['when it is cut short', valid.subarray(0, valid.length >> 1), /not valid gzip, or is cut short/],
    ['when it lacks its last byte', valid.subarray(0, -1), /not valid gzip, or is cut short/],
    ['when it holds nothing', gzipSync(''), /is empty/],
    ['when it holds an empty line', gzipSync('\n'), /is empty/],
    ['when its text is cut short', gzipSync(gunzipSync(valid).subarray(0, -3)), /is cut short/],
    ['when it is no UTF-8', gzipSync(Buffer.from([0xff, 0xfe, 0x0a])), /is not UTF-8/],
    ['when its header is no JSON', gzipSync('header\n'), /is not JSON/],
    ['when its header is no object', lined(7), /malformed at the document/],
    ['when its header lacks the count', lined({ format: 1, kind: 'rows', namespace: 'p' }, aRow('a')), /at count/],
    ['when its kind is unknown', lined(header(1, { kind: 'heap' }), aRow('a')), /malformed at kind/],
    ['when its namespace is no name', lined(header(1, { namespace: '../q' }), aRow('a')), /malformed at namespace/],
    ['when it says that it holds nothing', lined(header(0)), /malformed at count/],
    ['when it holds fewer rows than it says', lined(header(2), aRow('a')), /as many lines as it says/],
    ['when it holds more rows than it says', lined(header(1), aRow('a'), aRow('b')), /as many lines as it says/],
    ['when its rows are out of order', lined(header(2), aRow('b'), aRow('a')), /not sorted by path at line 3/],
    ['when it holds a path twice', lined(header(2), aRow('a'), aRow('a')), /not sorted by path at line 3/],
    ['when a row is no JSON', gzipSync(`${JSON.stringify(header(1))}\n{"path":\n`), /is not JSON, or is cut short/],
    ['when a path leads out', lined(header(1), { ...aRow('a'), path: '../a' }), /malformed at path: not a valid path/],
    ['when a path is absolute', lined(header(1), { ...aRow('a'), path: '/etc/passwd' }), /malformed at path/],
    ['when a row lies in no valid namespace', lined(header(1), { ...aRow('a'), in: 'p/../q' }), /malformed at in/],
    ["when a value's object is no id", lined(header(1), { ...nowhere, object: '../../head' }), /malformed at object/],
    [
      'when a row is nowhere',
      lined(header(1), nowhere),
      /not exactly one of value, object, pack, external and deleted/,
    ],
    ['when a row is in two places', lined(header(1), { ...aRow('a'), object: 'abcdefgh' }), /not exactly one of/],
    ['when a row has no size', lined(header(1), { ...aRow('a'), size: undefined }), /neither a value nor deleted/],
    ['when a size is negative', lined(header(1), { ...aRow('a'), size: -1 }), /malformed at size/],
    ['when it holds rows for references', lined(header(1, { kind: 'refs' }), aRow('a')), /malformed at id/],
    ['when it holds references for rows', lined(header(1), aRef('a')), /malformed at path/],
    [
      'when its references are out of order',
      lined(header(2, { kind: 'refs' }), aRef('b'), aRef('a')),
      /references that are not sorted, or share paths/,
    ],
  ]
  for (const [why, body, problem] of cases) {
    test(why, () => {
      const error = refusalOf(body)
      assert.ok(error instanceof CorruptObjectError)
      assert.equal(error.code, 'ERR_RUNLET_CORRUPT_OBJECT')
      assert.match(error.message, problem)
      assert.match(error.message, /restore it from a backup/)
    })
  }

  test('when it is of a later format, with the advice to upgrade', () => {
    for (const later of [header(1, { format: 3 }), { format: 3, whatever: 'it holds' }]) {
      const error = refusalOf(lined(later, aRow('a')))
      assert.ok(error instanceof FormatVersionError)
      assert.equal(error.code, 'ERR_RUNLET_FORMAT_VERSION')
      assert.match(error.message, /has format 3, and this runlet knows formats 1 to 2. Upgrade runlet/)
    }
  })

  test('when it is a bomb, before it has filled the memory', () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
    assert.ok(bomb.length < 256 * 1024)
    const before = process.memoryUsage().rss
    assert.match(refusalOf(bomb).message, /not valid gzip/)
    assert.ok(process.memoryUsage().rss - before < 160 * 1024 * 1024)
  })
})

describe('whatever bytes lie in an index file,', () => {
  const decoded = (body: Uint8Array) => {
    try {
      return decodeIndexFile(KEY, body)
    } catch (error) {
      assert.ok(error instanceof CorruptObjectError || error instanceof FormatVersionError, String(error))
      return undefined
    }
  }

  test('at random, only a typed error comes of them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), body => void decoded(body)))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), body => void decoded(gzipSync(body))))
    fc.assert(
      fc.property(fc.array(fc.json(), { maxLength: 4 }), lines => void decoded(gzipSync(`${lines.join('\n')}\n`))),
    )
  })

  test('changed, cut or inserted in a valid one, they give a typed error or valid rows in order', () => {
    const changes = fc.record({ at: fc.nat(), remove: fc.nat({ max: 20 }), insert: fc.uint8Array({ maxLength: 6 }) })
    const mutated = (bytes: Uint8Array, { at, remove, insert }: { at: number; remove: number; insert: Uint8Array }) => {
      const start = at % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + remove)])
    }
    fc.assert(
      fc.property(rows, changes, fc.boolean(), (list, change, isInside) => {
        const body = encodeIndexFile({ kind: 'rows', namespace, rows: list })
        const content = decoded(isInside ? gzipSync(mutated(gunzipSync(body), change)) : mutated(body, change))
        if (content?.kind !== 'rows') return
        content.rows.forEach((row, i) => {
          const before = content.rows[i - 1]
          assert.equal(parsePath(row.path), row.path)
          assert.ok(!before || compareBytes(before.path, row.path) < 0)
        })
      }),
      { numRuns: 1000 },
    )
  })

  test('a field of any other type gives a typed error', () => {
    const fields = [
      'path',
      'seq',
      'at',
      'author',
      'deleted',
      'size',
      'sha256',
      'executable',
      'value',
      'object',
      'pack',
      'in',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.jsonValue(), (field, value) => {
        decoded(lined(header(1), { ...aRow('a'), [field]: value }))
      }),
    )
  })
})

describe('a reference says of a path that the file', () => {
  const refOf = (held: readonly Path[]): IndexRef => {
    const prints = fingerprints(held)
    return { ...aRef(held[0] ?? 'a', held.at(-1) ?? 'a'), ...(prints !== undefined && { prints }) }
  }

  test('may hold it, whenever it does', () => {
    fc.assert(
      fc.property(rows, list => {
        const held = list.map(row => row.path)
        for (const path of held) assert.ok(mayHold(refOf(held), path))
      }),
    )
  })

  test('does not, when it lies outside its range', () => {
    const ref = refOf(['b', 'd'].map(text => parsePath(text)))
    for (const path of ['a', 'e', 'B']) assert.equal(mayHold(ref, parsePath(path)), false)
  })

  test('does not, for nearly all paths within its range that it does not hold', () => {
    const ref = refOf(Array.from({ length: 40 }, (_, i) => parsePath(`p/${String(i * 100).padStart(4, '0')}`)))
    const absent = Array.from({ length: 3000 }, (_, i) => parsePath(`p/${String(i).padStart(4, '0')}x`))
    assert.ok(absent.filter(path => mayHold(ref, path)).length < 15)
  })
})
