// Names and paths: what is accepted, what is refused and with which words, and the order that everything is sorted by.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { InvalidNameError, InvalidPathError } from '../../lib/errors.ts'
import { childName, compareBytes, parseNamespaceName, parsePath, parsePrefix, parseSegment } from '../../lib/names.ts'

/** Characters from all over Unicode, rich in those that UTF-16 and UTF-8 order differently. */
const character = fc.oneof(
  fc.constantFrom(
    'a',
    'z',
    '/',
    '~',
    'é',
    '\u{7ff}',
    '\u{800}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffff}',
    '\u{10000}',
    '\u{10ffff}',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const text = fc.string({ unit: character, maxLength: 6 })
const segments = fc.string({ unit: fc.constantFrom(...'abz09._-'), minLength: 1, maxLength: 64 })

describe('a path', () => {
  const accepted = [
    'a',
    'data/a.json',
    '.hidden/.file',
    'with space',
    '...',
    'a..b',
    '~',
    'C:/x',
    'häuser/ß',
    '日本/語.txt',
    '\u{1f600}',
    '%2e%2e',
    '_',
    'é'.repeat(450),
    'a'.repeat(900),
  ]
  for (const path of accepted) {
    test(`may be ${JSON.stringify(path.slice(0, 20))}`, () => assert.equal(parsePath(path), path))
  }

  const refused: [path: unknown, problem: RegExp, remedy: RegExp][] = [
    ['', /is empty/, /Name a file/],
    ['/a', /is absolute/, /without a leading/],
    ['a//b', /empty segment/, /doubled or trailing/],
    ['a/', /empty segment/, /doubled or trailing/],
    ['.', /"\." segment/, /Resolve it/],
    ['a/./b', /"\." segment/, /Resolve it/],
    ['../a', /"\.\." segment/, /Resolve it/],
    ['a/..', /"\.\." segment/, /Resolve it/],
    ['a\\b', /backslash/, /Separate folders with "\/"/],
    ['a\u0000b', /control character/, /Remove it/],
    ['a\nb', /control character/, /Remove it/],
    ['a\u007f', /control character/, /Remove it/],
    ['a\u0085', /control character/, /Remove it/],
    ['e\u0301', /normal form C/, /normalize\('NFC'\)/],
    ['a\ud800', /well-formed/, /lone surrogates/],
    ['a'.repeat(901), /over 900 bytes/, /Shorten it/],
    ['é'.repeat(451), /over 900 bytes/, /Shorten it/],
    [undefined, /is not a string/, /Pass a string/],
    [null, /is not a string/, /Pass a string/],
    [7, /is not a string/, /Pass a string/],
    [['a'], /is not a string/, /Pass a string/],
  ]
  for (const [path, problem, remedy] of refused) {
    test(`may not be ${JSON.stringify(path)?.slice(0, 30)}`, () => {
      assert.throws(
        () => parsePath(path),
        (error: unknown) => {
          assert.ok(error instanceof InvalidPathError)
          assert.equal(error.code, 'ERR_RUNLET_INVALID_PATH')
          assert.match(error.message, problem)
          assert.match(error.message, remedy)
          return true
        },
      )
    })
  }

  test('that is not a string is refused whatever it is', () => {
    assert.throws(() => parsePath(Object.create(null)), InvalidPathError)
  })

  test('is either refused with an InvalidPathError or is safe in a key, a file name and a line', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'grapheme' }), fc.string()), input => {
        try {
          const path = parsePath(input)
          assert.equal(path, input)
          assert.ok(path.isWellFormed() && path === path.normalize('NFC') && !/[\\\n\r\0]/.test(path))
          for (const segment of path.split('/')) assert.ok(!['', '.', '..'].includes(segment))
        } catch (error) {
          assert.ok(error instanceof InvalidPathError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the prefix of a listing', () => {
  test('may be empty, end within a segment, or with a slash', () => {
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/']) assert.equal(parsePrefix(prefix), prefix)
  })

  test('is refused for the same reasons as a path', () => {
    for (const prefix of ['/', '/a', 'a//', '../', 'a\\', 'e\u0301/', 'a\n', 7, undefined, null]) {
      assert.throws(() => parsePrefix(prefix), InvalidPathError, String(prefix))
    }
  })
})

describe('a name', () => {
  test('of a run is 1 to 64 of a-z, 0-9, dot, underscore and dash, and begins with a letter or digit', () => {
    fc.assert(
      fc.property(segments, name => {
        const isValid = /^[a-z0-9]/.test(name)
        if (isValid) assert.equal(parseSegment(name, 'run id'), name)
        else assert.throws(() => parseSegment(name, 'run id'), InvalidNameError)
      }),
    )
  })

  const refused = [
    '',
    '_',
    '.',
    '..',
    '-a',
    'A',
    'a b',
    'a/b',
    'a\n',
    'ä',
    'a~',
    'a'.repeat(65),
    7,
    null,
    undefined,
    {},
  ]
  for (const name of refused) {
    test(`may not be ${JSON.stringify(name)?.slice(0, 20)}`, () => {
      assert.throws(
        () => parseSegment(name, 'run id'),
        (error: unknown) => {
          assert.ok(error instanceof InvalidNameError)
          assert.equal(error.code, 'ERR_RUNLET_INVALID_NAME')
          assert.match(error.message, /^run id .*Use a-z, 0-9/)
          return true
        },
      )
    })
  }

  test('of a namespace is such names joined by slashes, eight at most', () => {
    assert.equal(parseNamespaceName('a/b.c/d-1'), 'a/b.c/d-1')
    assert.equal(parseNamespaceName('a/a/a/a/a/a/a/a'), 'a/a/a/a/a/a/a/a')
    for (const name of ['a//b', '/a', 'a/', 'a/_/b', 'a/a/a/a/a/a/a/a/a', '', 'a/../b', 7]) {
      assert.throws(() => parseNamespaceName(name), InvalidNameError, String(name))
    }
  })

  test('of a child may not go too deep', () => {
    const parent = parseNamespaceName('a/a/a/a/a/a/a/a')
    assert.throws(() => childName(parent, parseSegment('b', 'run id')), /more than 8 levels deep/)
  })
})

describe('the order of paths', () => {
  test('is that of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        assert.equal(Math.sign(compareBytes(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
      { numRuns: 2000 },
    )
  })

  test('is that of their UTF-8 bytes behind a long common beginning, too', () => {
    fc.assert(
      fc.property(text, text, text, (common, a, b) => {
        const [x, y] = [common + a, common + b]
        assert.equal(Math.sign(compareBytes(x, y)), Buffer.compare(Buffer.from(x), Buffer.from(y)))
      }),
    )
  })
})
