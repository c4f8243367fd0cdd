// Bodies that are streams: large, empty, failing, and refused where a condition is named.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidArgumentError } from '../../../lib/errors.ts'
import { found, type Place, text, textAt } from './support.ts'

const MIB = 1 << 20

export function streamSuite(aPlace: Place): void {
  async function* chunks(count: number) {
    for (let index = 0; index < count; index++) yield Buffer.alloc(MIB / 2 + 1, index + 1)
  }

  test('a stream of 20 MiB comes back as it was', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text('before'))
    const { etag } = await store.put(`${prefix}a`, chunks(40))
    const answer = await found(store, `${prefix}a`)
    assert.equal(answer.etag, etag)
    assert.equal(answer.body.length, 40 * (MIB / 2 + 1))
    const expected: Buffer[] = []
    for await (const chunk of chunks(40)) expected.push(chunk)
    assert.ok(Buffer.concat(expected).equals(answer.body))
  })

  test('a stream of nothing makes an empty object', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, chunks(0))
    assert.equal((await found(store, `${prefix}a`)).body.length, 0)
  })

  test('a stream that fails writes nothing', async () => {
    const { store, prefix } = aPlace()
    await store.put(`${prefix}a`, text('before'))
    async function* failing() {
      yield* chunks(12)
      throw new Error('the source failed')
    }
    await assert.rejects(store.put(`${prefix}a`, failing()))
    await assert.rejects(store.put(`${prefix}b`, failing()))
    assert.equal(await textAt(store, `${prefix}a`), 'before')
    assert.equal((await store.get(`${prefix}b`)).status, 'missing')
  })

  test('a stream with a condition is refused, and writes nothing', async () => {
    const { store, prefix } = aPlace()
    const { etag } = await store.put(`${prefix}a`, text('before'))
    await assert.rejects(store.put(`${prefix}a`, chunks(1), { condition: { ifMatch: etag } }), InvalidArgumentError)
    await assert.rejects(store.put(`${prefix}b`, chunks(1), { condition: { ifNoneMatch: '*' } }), InvalidArgumentError)
    assert.equal(await textAt(store, `${prefix}a`), 'before')
    assert.equal((await store.get(`${prefix}b`)).status, 'missing')
  })
}
