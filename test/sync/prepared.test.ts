// Pushes in two halves: nothing is seen before the second, which may come late, twice, from a new process, or not at all.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { AbortedError, ConflictError, InvalidArgumentError, type RunletError } from '../../lib/errors.ts'
import type { PreparedPush } from '../../lib/sync/working-copy.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

async function aCopy() {
  const open = aBucket()
  const [own, other] = [await open(), await open()]
  await other.namespace.commit(tx => {
    tx.put('a', '1')
    tx.put('b', '1')
  })
  const root = aFolder()
  const copy = await own.namespace.workingCopy(root)
  await copy.pull()
  return { ...own, other: other.namespace, root, copy }
}

const throughJson = (prepared: PreparedPush): PreparedPush => JSON.parse(JSON.stringify(prepared))

describe('a prepared push', () => {
  test('is seen by nobody before it is published, and then in one commit', async () => {
    const { copy, root, other, requests } = await aCopy()
    await write(root, { a: '2', large: 'x'.repeat(10_000) })
    await rm(join(root, 'b'))
    const prepared = throughJson(await copy.prepare())
    assert.deepEqual(await contents(other), { a: '1', b: '1' })
    requests.length = 0
    assert.deepEqual(await copy.publish(prepared), { seq: 2, put: 2, deleted: 1 })
    assert.deepEqual(requests, ['put ns/n/_/head'])
    assert.deepEqual(await contents(other), await files(root))
    assert.equal((await copy.push()).seq, undefined)
  })

  test('published twice changes nothing the second time, whatever came in between', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: '2' })
    const prepared = await copy.prepare()
    assert.equal((await copy.publish(prepared)).put, 1)
    assert.deepEqual(await copy.publish(prepared), { seq: undefined, put: 0, deleted: 0 })
    for (const value of ['3', '1']) {
      await other.get('a') // or it would be a conflict: it writes over what it has not seen
      await other.put('a', value)
      await copy.pull()
      assert.equal((await copy.publish(prepared)).seq, undefined)
      assert.equal((await contents(other)).a, value)
    }
  })

  test('is refused with all that it has, when somebody changed one of its paths', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: 'mine', b: 'mine' })
    const prepared = await copy.prepare()
    await other.put('b', 'theirs')
    for (let i = 0; i < 2; i++) {
      const error = await copy.publish(prepared).catch(refused => refused)
      assert.ok(error instanceof ConflictError)
      assert.deepEqual(error.paths, ['b'])
    }
    assert.deepEqual(await contents(other), { a: '1', b: 'theirs' })
    assert.deepEqual(await files(root), { a: 'mine', b: 'mine' })
    await copy.settle('ours')
    assert.equal((await copy.push({ narrow: true })).put, 2)
  })

  test('is refused when a pull has found one of its paths in conflict since', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: 'mine' })
    const prepared = await copy.prepare()
    await other.put('a', 'theirs')
    assert.deepEqual((await copy.pull()).conflicts, ['a'])
    await assert.rejects(copy.publish(prepared), ConflictError)
    assert.equal((await contents(other)).a, 'theirs')
  })

  test('goes in beside changes of other paths, and leaves out what others did just so', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: '2', c: 'same' })
    const prepared = await copy.prepare()
    await other.put('c', 'same')
    await other.put('b', '2')
    assert.deepEqual(await copy.publish(prepared), { seq: 4, put: 1, deleted: 0 })
    assert.deepEqual(await contents(other), { a: '2', b: '2', c: 'same' })
  })

  test('is published as it was prepared, and what changed since is for the next one', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: 'then' })
    const prepared = await copy.prepare()
    await write(root, { a: 'now!' })
    await copy.publish(prepared)
    assert.equal((await contents(other)).a, 'then')
    assert.equal((await copy.push()).put, 1)
    assert.equal((await contents(other)).a, 'now!')
    assert.equal((await copy.publish(prepared)).seq, undefined)
  })

  test('is refused when the same path was pushed otherwise from here', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: 'then' })
    const prepared = await copy.prepare()
    await write(root, { a: 'now' })
    await copy.push()
    await assert.rejects(copy.publish(prepared), ConflictError)
    assert.equal((await contents(other)).a, 'now')
  })

  test('keeps what was named for the next push, should it be dropped', async () => {
    const { copy, root, other } = await aCopy()
    await write(root, { a: '2' })
    copy.markDirty('a')
    await copy.prepare()
    assert.equal((await copy.push()).put, 1)
    assert.equal((await contents(other)).a, '2')
  })

  test('of nothing asks nothing', async () => {
    const { copy, requests } = await aCopy()
    requests.length = 0
    assert.equal((await copy.publish(await copy.prepare())).seq, undefined)
    assert.deepEqual(requests, [])
  })

  test('whose answer was lost is found to be done', async () => {
    const { copy, root, other, failAt, namespace } = await aCopy()
    await write(root, { a: '2' })
    const prepared = await copy.prepare()
    failAt(request => request.operation === 'put' && request.phase === 'after')
    const lost = copy.publish(prepared).catch(error => error)
    await lost
    failAt(() => false)
    const again = await namespace.workingCopy(root)
    assert.equal((await again.publish(prepared)).seq, undefined)
    assert.deepEqual(await contents(other), { a: '2', b: '1' })
    await write(root, { a: '1' })
    assert.equal((await again.push({ narrow: true })).put, 1)
    assert.deepEqual(await contents(other), { a: '1', b: '1' })
  })

  test('whose answer was lost is known to what comes next, though it looks elsewhere', async () => {
    const { copy, root, other, failAt, namespace } = await aCopy()
    await write(root, { a: '2' })
    failAt(request => request.operation === 'put' && request.phase === 'after')
    await copy.push({ narrow: true }).catch(() => undefined)
    failAt(() => false)
    const again = await namespace.workingCopy(root)
    await again.pull({ prefixes: ['elsewhere/'] })
    await write(root, { a: '1' })
    assert.equal((await again.push({ narrow: true, paths: ['a'] })).put, 1)
    assert.deepEqual(await contents(other), { a: '1', b: '1' })
  })

  test('of something else, or tampered with, is refused before anything happens', async () => {
    const { copy, root, store, requests } = await aCopy()
    await write(root, { a: '2' })
    const prepared = await copy.prepare()
    const elsewhere = await (await store.namespace('m', { create: true })).workingCopy(aFolder())
    requests.length = 0
    assert.throws(() => elsewhere.publish(prepared), InvalidArgumentError)
    const [file] = prepared.files
    const hostile = { ...prepared, files: [{ ...file, row: { ...file?.row, path: '../a' } }] } as PreparedPush
    for (const bad of [hostile, {}, undefined] as PreparedPush[])
      assert.throws(() => copy.publish(bad), InvalidArgumentError)
    assert.deepEqual(requests, [])
  })
})

test('a signal ends a pull, a push and a fetch before they begin, and while they wait', async () => {
  const { copy, root, other } = await aCopy()
  await write(root, { a: '2' })
  const prepared = await copy.prepare()
  const signal = AbortSignal.abort(new Error('enough'))
  const all = [
    () => copy.pull({ signal }),
    () => copy.push({ signal }),
    () => copy.prepare({ signal }),
    () => copy.publish(prepared, { signal }),
    () => copy.fetch('c', { signal }),
  ]
  for (const one of all) await assert.rejects(one(), (error: RunletError) => error instanceof AbortedError)
  assert.deepEqual(await contents(other), { a: '1', b: '1' })
  assert.equal((await copy.push()).put, 1)
})
