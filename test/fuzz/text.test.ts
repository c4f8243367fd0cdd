// Text from outside, parsed at the border: whatever it is, it is taken or refused with a typed error, and what is taken is safe.
import assert from 'node:assert/strict'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseDuration } from '../../lib/cli/durations.ts'
import { parseConfig } from '../../lib/config.ts'
import { compareBytes, isPath, parseNamespaceName, parsePath, parsePrefix, parseSegment } from '../../lib/names.ts'
import { forkKey, parseForkKey } from '../../lib/namespace/keys.ts'
import { placeOf } from '../../lib/store/file/paths.ts'
import { formatS3Url, parseS3Url } from '../../lib/store/s3/s3-url.ts'
import { isOurs } from '../../lib/sync/ours.ts'
import { changedText } from './hostile.ts'
import { runs, tried } from './tried.ts'

const piece = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '/',
    '/',
    '.',
    '..',
    '\\',
    '\0',
    '~',
    ' ',
    ':',
    '@',
    'C:',
    '.git',
    '.GIT',
    'git~1',
    '.runlet',
    'con',
  ),
  fc.constantFrom(
    '\u200c',
    '\ufeff',
    '\u202e',
    'e\u0301',
    '\u00e9',
    '\ud800',
    '\u{1f600}',
    '\uffff',
    '%2e',
    '__proto__',
    '\n',
    '\u0085',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
)
const text = fc.oneof(
  { weight: 8, arbitrary: fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join('')) },
  { weight: 1, arbitrary: fc.constantFrom('a'.repeat(901), 'a/'.repeat(450).slice(0, -1), '\u00e9'.repeat(451)) },
)

test('a path is refused, or leads nowhere but into the directory that it is joined to', () => {
  fc.assert(
    fc.property(text, path => {
      const taken = tried(() => parsePath(path))
      assert.equal(taken !== undefined, isPath(path))
      tried(() => parsePrefix(path))
      if (taken === undefined) return
      const way = relative('/root/copy', join('/root/copy', taken))
      assert.equal(way, taken, 'another file than it says')
      assert.ok(!way.split('/').includes('..') && !/[\0\\]/.test(way))
      assert.equal(Buffer.from(taken).toString(), taken)
      assert.equal(compareBytes(taken, taken), 0)
    }),
    runs('paths'),
  )
})

test('a name is refused, or can lie in a key and a file name as it is', () => {
  fc.assert(
    fc.property(fc.oneof(text, fc.stringMatching(/^[a-z0-9._/-]{0,20}$/)), name => {
      const taken = tried(() => parseNamespaceName(name))
      if (taken === undefined) return
      assert.match(taken, /^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,7}$/)
      assert.ok(tried(() => placeOf('/root', `ns/${taken}/_/head`))?.folder.startsWith('/root/ns/'))
    }),
    runs('names'),
  )
})

test('anything but a string is no path and no name', () => {
  fc.assert(
    fc.property(fc.oneof(text, fc.anything()), value => {
      const taken = tried(() => parseSegment(value, 'run'))
      assert.ok(taken === undefined || /^[a-z0-9][a-z0-9._-]{0,63}$/.test(taken))
      if (typeof value === 'string') return
      for (const parse of [parsePath, parseNamespaceName, parsePrefix])
        assert.equal(
          tried<unknown>(() => parse(value)),
          undefined,
        )
    }),
    runs('parts of names'),
  )
})

test('the URL of a store is refused, or is the same when it is written and read again', () => {
  const part = fc.oneof(
    piece,
    fc.constantFrom('bucket', '?', '&', '=', 'endpoint', 'http://h:1', 'region', 'x@', '#', '//', 'pathStyle'),
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), parts => {
      const location = tried(() => parseS3Url(`s3://${parts.join('')}`))
      if (location) assert.deepEqual(parseS3Url(formatS3Url(location)), location)
    }),
    runs('store URLs'),
  )
})

test('a configuration is refused by the name of its file, or has what it must', () => {
  const valid = { store: 'file:./x', namespace: 'p', author: 'me', onConflict: { 'a/**': 'ours' } }
  const any = fc.oneof({ weight: 4, arbitrary: changedText([valid]) }, fc.string({ unit: 'binary' }), fc.json())
  fc.assert(
    fc.property(any, document => {
      const config = tried(() => parseConfig('/x/runlet.config.json', document))
      if (config) assert.ok(config.store.length > 0 && config.namespace.length > 0)
    }),
    runs('configurations'),
  )
})

test('a duration is refused, or is within its bounds', () => {
  const any = fc.oneof(
    text,
    fc.tuple(fc.float(), fc.constantFrom('ms', 's', 'd', 'y')).map(parts => parts.join('')),
  )
  fc.assert(
    fc.property(any, duration => {
      const ms = tried(() => parseDuration('--every', duration, { least: 10, most: 1000 }))
      assert.ok(ms === undefined || (ms >= 10 && ms <= 1000))
    }),
    runs('durations'),
  )
})

test("whatever lies beside the pins of a namespace is no pin, or one whose parts lead back to its key's", () => {
  const any = fc.oneof(text, fc.stringMatching(/^\d{0,30}~[a-z.]{0,4}~[a-zA-Z0-9~-]{0,12}$/))
  fc.assert(
    fc.property(any, name => {
      const fork = tried(() => parseForkKey(parseNamespaceName('p'), `ns/p/_/forks/${name}`))
      if (!fork) return
      assert.ok(Number.isSafeInteger(fork.seq))
      assert.equal(Number(name.slice(0, name.indexOf('~'))), fork.seq)
      assert.ok(forkKey(parseNamespaceName('p'), fork).endsWith(`~${fork.child}~${fork.id}`))
      assert.match(fork.id, /^[0-9a-z-]+$/)
    }),
    runs('fork keys'),
  )
})

test('a key of the file store is refused, or lies below its root', () => {
  fc.assert(
    fc.property(text, key => {
      const place = tried(() => placeOf('/root/store', key))
      if (place) assert.match(relative('/root/store', place.folder), /^(?!\.\.(\/|$)).+@$/s)
    }),
    runs('file-store keys'),
  )
})

test('a path that some file system takes for one of git, runlet or the configuration is never synchronised', () => {
  const fuzz = fc.array(fc.constantFrom('\u200c', '\u200d', '\u200e', '\ufeff', '\u206f', ''), { maxLength: 3 })
  const name = fc.constantFrom('.git', '.runlet', 'runlet.config.json', 'git~1', 'RUNLET~1')
  const cased = fc.tuple(name, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 })).map(([letters, upper]) => {
    return [...letters].map((letter, i) => (upper[i] ? letter.toUpperCase() : letter))
  })
  const spelled = fc.tuple(cased, fuzz, fc.nat()).map(([letters, ignored, at]) => {
    return letters.toSpliced(at % (letters.length + 1), 0, ...ignored).join('')
  })
  const tail = fc.constantFrom('', '.', ' ', ' . .', ':stream', '::$INDEX_ALLOCATION', '. :x')
  const folder = fc.constantFrom('', 'a/', 'a/b/', '.github/')
  fc.assert(
    fc.property(folder, spelled, tail, fc.constantFrom('', '/x', '/hooks/x'), (above, middle, after, below) => {
      assert.equal(isOurs(`${above}${middle}${after}${below}`), false)
      assert.equal(isOurs(`${above}x${middle}`), true)
    }),
    runs('ours or not'),
  )
})
