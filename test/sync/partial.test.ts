// A copy that holds a part of its namespace: some prefixes, without the files that are left out. What it does not hold it must not
// take for deleted, and what it holds is pushed without the rest.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ConflictError } from '../../lib/errors.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

const skip = (path: string) => path.endsWith('/raw')

/** Two processes on a namespace with these files, and a copy that the first of them has. */
async function aCopyOf(contents: Record<string, string>) {
  const open = aBucket()
  const [own, other] = [await open(), await open()]
  await other.namespace.commit(tx => {
    for (const [path, value] of Object.entries(contents)) tx.put(path, value)
  })
  const root = aFolder()
  return { ...own, other: other.namespace, root, copy: await own.namespace.workingCopy(root) }
}

describe('a pull of prefixes', () => {
  test('brings what starts with them and nothing else, and what changed there is one more request', async () => {
    const { copy, root, other, requests } = await aCopyOf({ 'a/1': '1', 'ab/1': '1', 'b/1': '1', 'c/1': '1' })
    assert.equal((await copy.pull({ prefixes: ['a/', 'c/'] })).written, 2)
    assert.deepEqual(await files(root), { 'a/1': '1', 'c/1': '1' })
    await other.put('a/2', '2')
    await other.put('b/2', '2')
    assert.equal((await copy.pull({ prefixes: ['a/'] })).written, 1)
    requests.length = 0
    assert.equal((await copy.pull({ prefixes: ['a/'] })).written, 0)
    assert.deepEqual(requests, ['get ns/n/_/head'])
    assert.deepEqual(await files(root), { 'a/1': '1', 'a/2': '2', 'c/1': '1' })
    assert.equal((await copy.pull()).written, 3)
    assert.deepEqual(await files(root), await contents(other))
  })

  test('removes only there', async () => {
    const { copy, root, other } = await aCopyOf({ 'a/1': '1', 'a/2': '2', 'b/1': '1' })
    await copy.pull()
    await other.commit(tx => {
      tx.delete('a/1')
      tx.delete('b/1')
    })
    assert.deepEqual(await copy.pull({ prefixes: ['a/'] }), { seq: 2, written: 0, removed: 1, conflicts: [] })
    assert.deepEqual(await files(root), { 'a/2': '2', 'b/1': '1' })
    assert.equal((await copy.pull()).removed, 1)
  })

  test('leaves what it does not look at to be compared with what it was', async () => {
    const { copy, root, other, namespace } = await aCopyOf({ 'a/1': '1', 'b/1': '1' })
    await copy.pull()
    await other.put('b/1', 'theirs')
    await copy.pull({ prefixes: ['a/'] })
    await write(root, { 'b/1': 'mine', 'a/1': 'mine' })
    await assert.rejects(copy.push({ narrow: true }), ConflictError)
    assert.deepEqual(await contents(namespace), { 'a/1': '1', 'b/1': 'theirs' })
    await copy.settle('ours')
    assert.equal((await copy.push({ narrow: true })).put, 2)
    assert.deepEqual(await contents(namespace), { 'a/1': 'mine', 'b/1': 'mine' })
  })

  test('leaves what an earlier one brought to be changed back', async () => {
    const { copy, root, other } = await aCopyOf({ 'a/1': 'first', 'b/1': '1' })
    await copy.pull()
    await other.put('a/1', 'second')
    await copy.pull({ prefixes: ['a/'] })
    await other.put('b/1', '2')
    await copy.pull({ prefixes: ['b/'] })
    await write(root, { 'a/1': 'first' })
    assert.equal((await copy.push({ narrow: true })).put, 1)
    assert.deepEqual(await contents(other), { 'a/1': 'first', 'b/1': '2' })
  })

  test('within the copy’s own prefix only', async () => {
    const { namespace } = await aCopyOf({ 'a/1': '1', 'a/b/1': '1', 'c/1': '1' })
    const root = aFolder()
    const copy = await namespace.workingCopy(root, { prefix: 'a/' })
    assert.equal((await copy.pull({ prefixes: ['c/', 'a/b/'] })).written, 1)
    assert.equal((await copy.pull({ prefixes: [''] })).written, 1)
    assert.deepEqual(await files(root), { 'a/1': '1', 'a/b/1': '1' })
  })
})

describe('a narrow push', () => {
  test('of a copy that was never pulled brings nothing, and does not overwrite what is there', async () => {
    const { copy, root, namespace } = await aCopyOf({ a: '1', b: 'theirs' })
    await write(root, { c: 'new' })
    assert.deepEqual(await copy.push({ narrow: true }), { seq: 2, put: 1, deleted: 0 })
    assert.deepEqual(await files(root), { c: 'new' })
    await write(root, { b: 'mine', d: 'new' })
    const conflict = await copy.push({ narrow: true }).catch(error => error)
    assert.ok(conflict instanceof ConflictError)
    assert.deepEqual(conflict.paths, ['b'])
    assert.deepEqual(await contents(namespace), { a: '1', b: 'theirs', c: 'new' })
    assert.deepEqual(await files(root), { b: 'mine', c: 'new', d: 'new' })
  })

  test('takes the same bytes on both sides for agreement', async () => {
    const { copy, root, other } = await aCopyOf({ a: '1' })
    await write(root, { a: '1', b: '2', c: '3' })
    await other.put('b', '2')
    assert.deepEqual(await copy.push({ narrow: true }), { seq: 3, put: 1, deleted: 0 })
    assert.deepEqual(await contents(other), { a: '1', b: '2', c: '3' })
  })

  test('changes back what it pushed while others committed', async () => {
    const { copy, root, other } = await aCopyOf({ a: 'first' })
    await copy.pull()
    for (const value of ['second', 'first', 'third']) {
      await other.put('theirs', value)
      await write(root, { a: value })
      assert.equal((await copy.push({ narrow: true, paths: ['a'] })).put, 1)
      assert.equal((await contents(other)).a, value)
    }
    await rm(join(root, 'a'))
    assert.equal((await copy.push({ narrow: true, paths: ['a'] })).deleted, 1)
    assert.deepEqual(await contents(other), { theirs: 'third' })
    assert.equal((await copy.pull()).written, 1)
  })

  test('changes back what it pushed beside what was pulled alone', async () => {
    const { copy, root, other } = await aCopyOf({ 'a/1': '1', 'c/1': 'first' })
    await copy.pull()
    await other.put('a/1', '2')
    await copy.pull({ prefixes: ['a/'] })
    for (const value of ['second', 'first']) {
      await write(root, { 'a/1': value, 'c/1': value })
      assert.equal((await copy.push({ narrow: true })).put, 2)
      assert.deepEqual(await contents(other), { 'a/1': value, 'c/1': value })
    }
  })

  test('is one request again when all was pulled', async () => {
    const { copy, root, other, requests } = await aCopyOf({ a: '1' })
    await copy.pull()
    await other.put('theirs', '1')
    await write(root, { a: '2' })
    await copy.push({ narrow: true })
    await copy.pull()
    requests.length = 0
    await write(root, { a: '3' })
    await copy.push({ narrow: true, paths: ['a'] })
    assert.deepEqual(requests, ['put ns/n/_/head'])
  })

  test('of a named path is one request, and so is the next one', async () => {
    const { copy, root, requests } = await aCopyOf({ 'a/1': '1', 'b/1': '1' })
    await copy.pull({ prefixes: ['a/'] })
    for (const value of ['2', '3']) {
      requests.length = 0
      await write(root, { 'a/1': value })
      assert.equal((await copy.push({ narrow: true, paths: ['a/1'] })).put, 1)
      assert.deepEqual(requests, ['put ns/n/_/head'])
    }
  })

  test('looks at nothing when no path is given, and at everything without paths', async () => {
    const { copy, root } = await aCopyOf({ a: '1' })
    await write(root, { b: '1' })
    assert.equal((await copy.push({ narrow: true, paths: [] })).put, 0)
    assert.equal((await copy.push({ narrow: true })).put, 1)
  })

  test('leaves a copy from which a plain push goes on', async () => {
    const { copy, root, other } = await aCopyOf({ 'a/1': '1', 'b/1': '1' })
    await copy.pull({ prefixes: ['a/'] })
    await other.put('b/1', '2')
    await write(root, { 'a/1': '2', 'c/1': '1' })
    await copy.push({ narrow: true })
    await write(root, { 'a/1': '1' })
    await copy.push()
    const all = { 'a/1': '1', 'b/1': '2', 'c/1': '1' }
    assert.deepEqual([await files(root), await contents(other)], [all, all])
  })
})

describe('files that are left out', () => {
  const CONTENTS = { 'd/1/meta': 'm', 'd/1/raw': 'r', 'd/2/meta': 'm', 'd/2/raw': 'r'.repeat(10_000) }

  test('are not deleted by a push, and come with a pull that leaves none out', async () => {
    const { copy, root, namespace } = await aCopyOf(CONTENTS)
    assert.equal((await copy.pull({ skip })).written, 2)
    assert.deepEqual(await files(root), { 'd/1/meta': 'm', 'd/2/meta': 'm' })
    assert.equal((await copy.push({ narrow: true })).seq, undefined)
    assert.equal((await copy.push({ narrow: true, paths: ['d', 'd/1', 'd/1/raw'] })).seq, undefined)
    assert.equal((await copy.push()).seq, undefined)
    assert.deepEqual(await contents(namespace), CONTENTS)
    assert.equal((await copy.pull({ skip })).written, 0)
    assert.equal((await copy.pull({ prefixes: ['d/1/'] })).written, 1)
    assert.equal((await copy.pull()).written, 1)
    assert.deepEqual(await files(root), CONTENTS)
    assert.equal((await copy.pull()).written, 0)
  })

  test('can be fetched one by one', async () => {
    const { copy, root, other, namespace } = await aCopyOf(CONTENTS)
    await copy.pull({ skip })
    assert.equal(await copy.fetch('d/2/raw'), true)
    assert.equal(await copy.fetch('d/2/raw'), true)
    assert.equal(await copy.fetch('d/3/raw'), false)
    assert.deepEqual(await files(root), { 'd/1/meta': 'm', 'd/2/meta': 'm', 'd/2/raw': CONTENTS['d/2/raw'] })
    await other.put('d/2/raw', 'newer')
    await other.put('d/1/raw', 'newer')
    assert.equal((await copy.pull({ skip })).written, 1)
    assert.equal(await copy.fetch('d/1/raw'), true)
    assert.deepEqual(await files(root), await contents(namespace))
  })

  test('and fetched when newer than the copy are pushed as what they are', async () => {
    const { copy, root, other } = await aCopyOf(CONTENTS)
    await copy.pull({ skip })
    await other.put('d/1/raw', 'newer')
    await copy.fetch('d/1/raw')
    await write(root, { 'd/1/raw': 'r' })
    assert.equal((await copy.push({ narrow: true, paths: ['d/1/raw'] })).put, 1)
    assert.equal((await contents(other))['d/1/raw'], 'r')
  })

  test('go with their folder, when what was there of it is removed', async () => {
    const { copy, root, namespace } = await aCopyOf({ ...CONTENTS, 'd/3/meta': 'm', 'd/3/raw': 'r' })
    await copy.pull({ skip })
    await rm(join(root, 'd/1'), { recursive: true })
    await rm(join(root, 'd/2/meta'))
    assert.equal((await copy.push({ narrow: true, paths: ['d/1', 'd/2'] })).deleted, 3)
    await rm(join(root, 'd/3'), { recursive: true })
    assert.equal((await copy.push({ narrow: true })).deleted, 2)
    assert.deepEqual(await contents(namespace), { 'd/2/raw': CONTENTS['d/2/raw'] })
  })

  test('that the namespace lost or changed are forgotten or noted, and never overwritten unseen', async () => {
    const { copy, root, other } = await aCopyOf(CONTENTS)
    await copy.pull({ skip })
    await other.commit(tx => {
      tx.delete('d/1/raw')
      tx.put('d/2/raw', 'changed')
    })
    await write(root, { 'd/2/raw': 'mine' })
    await assert.rejects(copy.push({ narrow: true }), ConflictError)
    assert.deepEqual((await copy.pull({ skip })).conflicts, ['d/2/raw'])
    await copy.settle('theirs')
    assert.deepEqual(await copy.pull(), { seq: 2, written: 0, removed: 0, conflicts: [] })
    assert.deepEqual(await files(root), await contents(other))
  })

  test('written anew with the same bytes are as if they had been fetched', async () => {
    const { copy, root, requests } = await aCopyOf(CONTENTS)
    await copy.pull({ skip })
    await write(root, { 'd/1/raw': 'r', 'd/2/raw': CONTENTS['d/2/raw'] })
    assert.equal((await copy.push({ narrow: true })).seq, undefined)
    requests.length = 0
    assert.equal((await copy.pull()).written, 0)
    assert.deepEqual(requests, ['get ns/n/_/head'])
  })
})

describe('excluded paths', () => {
  const exclude = (path: string) => path === 'x' || path.startsWith('x/') || path.endsWith('.lock')

  test('are neither pulled nor pushed nor removed', async () => {
    const { root, other, namespace } = await aCopyOf({ a: '1', 'x/1': 'theirs', 'b/.lock': 'theirs' })
    const copy = await namespace.workingCopy(root, { exclude })
    await write(root, { 'x/2': 'mine', '.lock': 'mine', c: '1' })
    assert.equal((await copy.pull()).written, 1)
    assert.equal((await copy.push()).put, 1)
    assert.equal((await copy.push({ narrow: true, paths: ['x', 'x/2', '.lock'] })).seq, undefined)
    assert.equal(await copy.fetch('x/1'), false)
    await other.delete('x/1')
    assert.equal((await copy.pull()).removed, 0)
    assert.deepEqual(await files(root), { a: '1', c: '1', 'x/2': 'mine', '.lock': 'mine' })
    assert.deepEqual(await contents(other), { a: '1', c: '1', 'b/.lock': 'theirs' })
  })

  test('that were synchronised before stay on both sides', async () => {
    const { root, copy, namespace } = await aCopyOf({ a: '1', 'x/1': '1' })
    await copy.pull()
    const without = await namespace.workingCopy(root, { exclude })
    await rm(join(root, 'x'), { recursive: true })
    assert.equal((await without.push()).seq, undefined)
    assert.deepEqual(await contents(namespace), { a: '1', 'x/1': '1' })
  })
})
