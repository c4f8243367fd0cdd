// Writing and deleting without conditions: what was acknowledged is there, whole, and nothing else changed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { found, keysOf, type Place, text, textAt } from './support.ts'

export function writeSuite(aPlace: Place): void {
  test('a put that was acknowledged is seen by the next get', async () => {
    const { store, prefix } = aPlace()
    for (let round = 0; round < 10; round++) {
      const { etag } = await store.put(`${prefix}a`, text(`round ${round}`))
      const answer = await found(store, `${prefix}a`)
      assert.equal(String(Buffer.from(answer.body)), `round ${round}`)
      assert.equal(answer.etag, etag)
    }
  })

  test('any bytes come back as they were', async () => {
    const { store, prefix } = aPlace()
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7919) >> 3)
    await store.put(`${prefix}a`, bytes)
    assert.ok(Buffer.from(bytes).equals((await found(store, `${prefix}a`)).body))
  })

  test('the bytes of a put and of a get are the caller’s own', async () => {
    const { store, prefix } = aPlace()
    const bytes = Buffer.from('one')
    await store.put(`${prefix}a`, bytes)
    bytes.write('xxx')
    const answer = await found(store, `${prefix}a`)
    assert.equal(String(Buffer.from(answer.body)), 'one')
    answer.body.fill(0)
    assert.equal(await textAt(store, `${prefix}a`), 'one')
  })

  test('an object and a "folder" of the same name live side by side', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a/b`, text('inner'))
    await store.put(`${prefix}a`, text('outer'))
    assert.equal(await textAt(store, `${prefix}a`), 'outer')
    await store.delete([`${prefix}a`])
    assert.equal(await textAt(store, `${prefix}a/b`), 'inner')
  })

  test('no read is torn while an object is being replaced', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a`
    const letters = ['a', 'b', 'c', 'd']
    const body = (letter: string) => text(letter.repeat(1 + letters.indexOf(letter) * 20_000))
    await store.put(key, body('a'))
    let isWriting = true
    const writers = letters.map(async letter => {
      for (let round = 0; round < 5; round++) await store.put(key, body(letter))
    })
    const reader = async () => {
      while (isWriting) {
        const got = await textAt(store, key)
        assert.equal(got.length, body(got[0] ?? '').length)
        assert.ok(got === (got[0] ?? '').repeat(got.length))
      }
    }
    const readers = [reader(), reader()]
    await Promise.all(writers).finally(() => {
      isWriting = false
    })
    await Promise.all(readers)
  })

  test('a deleted object is missing, and deleting it twice is no error', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a/b/c`
    await store.put(key, text('one'))
    await store.delete([key])
    assert.equal((await store.get(key)).status, 'missing')
    await store.delete([key])
    await store.delete([`${prefix}never/was`, key, key])
    await store.delete([])
  })

  test('a key that was deleted can be put again, with and without a condition', async () => {
    const { store, prefix } = aPlace()
    const key = `${prefix}a/b/c`
    await store.put(key, text('one'))
    await store.delete([key])
    await store.put(key, text('two'), { condition: { ifNoneMatch: '*' } })
    assert.equal(await textAt(store, key), 'two')
    await store.delete([key])
    await store.put(key, text('three'))
    assert.equal(await textAt(store, key), 'three')
  })

  test('a delete leaves the neighbours alone', async () => {
    const { store, prefix } = aPlace()
    const keys = ['a', 'a/b', 'a/b/c', 'ab', 'a-b'].map(key => prefix + key)
    for (const key of keys) await store.put(key, text(key))
    await store.delete([`${prefix}a/b`])
    assert.deepEqual(
      await keysOf(store, { prefix }),
      ['a', 'a-b', 'a/b/c', 'ab'].map(key => prefix + key),
    )
  })
}
