// Reading one object: missing, unchanged, ranges, times.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Etag } from '../../../lib/names.ts'
import { found, type Place, text, textAt } from './support.ts'

export function readSuite(aPlace: Place): void {
  test('a missing key is an answer, not an error', async () => {
    const { store, prefix } = aPlace()
    assert.deepEqual(await store.get(`${prefix}nothing`), { status: 'missing' })
    assert.deepEqual(await store.get(`${prefix}nothing`, { ifNoneMatch: 'some-etag' as Etag }), { status: 'missing' })
    assert.deepEqual(await store.get(`${prefix}nothing`, { range: { start: 0, end: 9 } }), { status: 'missing' })
  })

  test('a read that knows the current version gets no body', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    const answer = await store.get(key, { ifNoneMatch: etag })
    assert.equal(answer.status, 'unchanged')
    assert.ok('serverTime' in answer && answer.serverTime > 0)
  })

  test('a read that knows an older version gets the current one', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const { etag } = await store.put(key, text('one'))
    await store.put(key, text('two'))
    const answer = await found(store, key, { ifNoneMatch: etag })
    assert.equal(String(Buffer.from(answer.body)), 'two')
  })

  test('a range gives its bytes, both ends included, and what there is when it runs past the end', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    await store.put(key, text('0123456789'))
    const ranges: [number, number, string][] = [
      [0, 0, '0'],
      [2, 4, '234'],
      [8, 99, '89'],
      [9, 9, '9'],
      [10, 20, ''],
      [500, 600, ''],
    ]
    for (const [start, end, expected] of ranges) {
      const answer = await found(store, key, { range: { start, end } })
      assert.equal(String(Buffer.from(answer.body)), expected, `bytes ${start} to ${end}`)
    }
  })

  test('a range read names the version that the bytes are of', async () => {
    const { store, prefix } = aPlace()
    const { etag } = await store.put(`${prefix}a`, text('0123456789'))
    assert.equal((await found(store, `${prefix}a`, { range: { start: 2, end: 4 } })).etag, etag)
  })

  test('an object that is larger than the reader allows is refused by name, and one that is not is read', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    await store.put(key, text('0123456789'))
    await assert.rejects(store.get(key, { maxBytes: 9 }), { code: 'ERR_RUNLET_CORRUPT_OBJECT', key })
    assert.equal((await found(store, key, { maxBytes: 10 })).body.length, 10)
  })

  test('an empty object is there, and empty, whatever range is asked for', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text(''))
    assert.equal(await textAt(store, `${prefix}a`), '')
    assert.equal((await found(store, `${prefix}a`, { range: { start: 0, end: 9 } })).body.length, 0)
  })

  test('the times of a read are of one clock: no object is from the future, and time goes on', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    await store.put(key, text('one'))
    const first = await found(store, key)
    await store.put(key, text('two'))
    const second = await found(store, key)
    // Whole seconds, cut off, in some stores: two times of one moment may differ by one.
    assert.ok(first.lastModified <= first.serverTime + 1000)
    assert.ok(first.serverTime - first.lastModified < 60_000)
    assert.ok(second.lastModified >= first.lastModified - 1000)
    assert.ok(second.serverTime >= first.serverTime - 1000)
  })
}
