// The part of the store suite that is about listing and deleting many: order, prefix, startAfter, delimiter, and enough keys
// that a bucket answers in pages. The expected answers come from a model: plain strings, sorted by their UTF-8 bytes.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { entriesOf, found, keysOf, type Place, putAll, text } from './support.ts'

/** Keys whose order is easily got wrong: '-' and '.' sort before '/', an emoji (two UTF-16 units) after U+FF21. */
const TRICKY = [
  ...['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a/b-c', 'a0', 'ab', 'ab/c', 'a!/x', 'a/b!/x', 'a b', 'a+b', 'a%2Fb', 'a=b'],
  ...['B', 'Z/z', '_/head', '~', '0~x', 'é', 'é/e', '\uff21', '\u{1f600}', '\u{1f600}/x', 'q/\uff21', 'q/\u{1f600}'],
  ...['deep/1/2/3/4/5/6/7/8', 'deep/1/2/3', 'deep/1/2!', 'x/.tmp', 'x/i-1', 'x/000000000001', '…'],
]

export function listSuite(aPlace: Place): void {
  describe('listing tricky keys', () => trickySuite(aPlace))
  describe('listing and deleting 1,500 keys', () => manySuite(aPlace))
  changeSuite(aPlace)
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What a listing must give: rolled up after the prefix if there is a delimiter, each entry once, in byte order. */
function expected(keys: readonly string[], options: { prefix: string; startAfter?: string; delimiter?: '/' }) {
  const rolled = keys
    .filter(key => key.startsWith(options.prefix))
    .map(key => {
      const cut = options.delimiter ? key.indexOf(options.delimiter, options.prefix.length) : -1
      return cut === -1 ? key : key.slice(0, cut + 1)
    })
    .filter(key => byBytes(key, options.startAfter ?? '') > 0)
  return [...new Set(rolled)].sort(byBytes)
}

function trickySuite(aPlace: Place): void {
  let store: ObjectStore
  let prefix: string
  let keys: string[]
  before(async () => {
    ;({ store, prefix } = aPlace())
    keys = TRICKY.map(key => prefix + key)
    await putAll(store, keys)
  })

  test('keys come in byte order, each once', async () => {
    assert.deepEqual(await keysOf(store, { prefix }), expected(keys, { prefix }))
    assert.equal((await keysOf(store, { prefix })).length, TRICKY.length)
  })

  test('only keys with the prefix come, wherever the prefix ends', async () => {
    for (const end of [
      'a',
      'a/',
      'a/b',
      'a/b/',
      'a/b/c',
      'a/b/c/',
      'a!',
      'deep/1/2',
      'é',
      'q/\uff21',
      'none',
      'none/x',
    ]) {
      const options = { prefix: prefix + end }
      assert.deepEqual(await keysOf(store, options), expected(keys, options), `prefix ${end}`)
    }
  })

  test('only keys after startAfter come, whether or not it is a key', async () => {
    for (const key of [...TRICKY, 'a/', 'a/b/', 'a/a', 'deep/1/2/3/', 'deep/2', 'a\uffff']) {
      const options = { prefix, startAfter: prefix + key }
      assert.deepEqual(await keysOf(store, options), expected(keys, options), `after ${key}`)
    }
  })

  test('prefix and startAfter hold together, also when one lies outside the other', async () => {
    for (const end of ['a', 'a/b', 'deep/1/']) {
      for (const key of ['', 'a', 'a/b', 'a/b/c', 'a0', 'deep/1/2/3', '~~']) {
        const options = { prefix: prefix + end, startAfter: prefix + key }
        assert.deepEqual(await keysOf(store, options), expected(keys, options), `prefix ${end} after ${key}`)
      }
    }
  })

  test('a delimiter rolls up what lies behind it, once, in its place', async () => {
    for (const end of ['', 'a', 'a/', 'a/b', 'a/b/', 'deep/', 'deep/1/2', 'é', 'none/']) {
      const options = { prefix: prefix + end, delimiter: '/' } as const
      const entries = await entriesOf(store, options)
      const names = entries.map(entry => entry.key)
      assert.deepEqual(names, expected(keys, options), `prefix ${end}`)
      for (const entry of entries) assert.equal(entry.kind, entry.key.endsWith('/') ? 'prefix' : 'object')
    }
  })

  test('a listing can be left early', async () => {
    for await (const entry of store.list({ prefix })) {
      assert.equal(entry.key, expected(keys, { prefix })[0])
      break
    }
  })
}

function manySuite(aPlace: Place): void {
  let store: ObjectStore
  let prefix: string
  let keys: string[]
  before(async () => {
    ;({ store, prefix } = aPlace())
    keys = Array.from({ length: 1500 }, (_, index) => `${prefix}many/${String(index).padStart(4, '0')}`)
    await putAll(store, keys)
    await putAll(store, [`${prefix}before`, `${prefix}zzz`])
  })
  after(() => store.delete([`${prefix}before`, `${prefix}zzz`]))

  test('a listing goes on past a page, and starts after any key', async () => {
    assert.deepEqual(await keysOf(store, { prefix: `${prefix}many/` }), keys)
    assert.deepEqual(await keysOf(store, { prefix: `${prefix}many/`, startAfter: keys[400] }), keys.slice(401))
  })

  test('a thousand and more keys are rolled up to one entry', async () => {
    assert.deepEqual(await keysOf(store, { prefix, delimiter: '/' }), [
      `${prefix}before`,
      `${prefix}many/`,
      `${prefix}zzz`,
    ])
  })

  test('a batch of 1,500 keys is deleted in one call, with keys that are missing among them', async () => {
    await store.delete([...keys, ...keys.slice(0, 5).map(key => `${key}-missing`)])
    assert.deepEqual(await keysOf(store, { prefix }), [`${prefix}before`, `${prefix}zzz`])
    assert.deepEqual(await keysOf(store, { prefix, delimiter: '/' }), [`${prefix}before`, `${prefix}zzz`])
  })
}

function changeSuite(aPlace: Place): void {
  test('a listing has what was put and lacks what was deleted before it began', async () => {
    const { store, prefix } = aPlace()
    const keys: string[] = []
    for (let round = 0; round < 12; round++) {
      keys.push(`${prefix}${round % 3}/${round}`)
      await store.put(keys.at(-1) ?? '', text('x'))
      if (round % 4 === 3) await store.delete(keys.splice(0, 2))
      assert.deepEqual(await keysOf(store, { prefix }), [...keys].sort(byBytes))
    }
  })

  test('an entry has the size and time of the object', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text('one'))
    await store.put(`${prefix}a`, text('eleven more'))
    await store.put(`${prefix}empty`, text(''))
    const [entry, empty] = await entriesOf(store, { prefix })
    assert.ok(entry?.kind === 'object' && empty?.kind === 'object')
    assert.equal(entry.size, 11)
    assert.equal(empty.size, 0)
    const { lastModified } = await found(store, `${prefix}a`)
    // One answer may have milliseconds where another has whole seconds.
    assert.ok(Math.abs(entry.lastModified - lastModified) <= 1000)
  })

  test('a rolled-up entry goes with the last object in it', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}run/1/_/head`, text('x'))
    await store.put(`${prefix}run/2/_/head`, text('x'))
    await store.delete([`${prefix}run/1/_/head`])
    assert.deepEqual(await keysOf(store, { prefix: `${prefix}run/`, delimiter: '/' }), [`${prefix}run/2/`])
    await store.delete([`${prefix}run/2/_/head`])
    assert.deepEqual(await keysOf(store, { prefix, delimiter: '/' }), [])
  })
}
