// A push: it commits what this directory changed, and nothing else.
import assert from 'node:assert/strict'
import { chmod, lstat, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ConflictError, InvalidPathError, LinkInCopyError } from '../../lib/errors.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

describe('a push', () => {
  test('commits what was added, changed and deleted, at once, and a second one has nothing to do', async () => {
    const { namespace, requests } = await aBucket()()
    await namespace.commit(tx => {
      tx.put('a', '1')
      tx.put('b', '1')
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { a: '2', 'c/d': '3' })
    await rm(join(root, 'b'))
    const status = await copy.status()
    assert.deepEqual([status.added, status.modified, status.deleted], [['c/d'], ['a'], ['b']])
    assert.deepEqual(await copy.push(), { seq: 2, put: 2, deleted: 1 })
    assert.deepEqual(await contents(namespace), { a: '2', 'c/d': '3' })
    requests.length = 0
    assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
    assert.deepEqual(requests, [])
    await copy.pull()
    assert.deepEqual(requests, ['get ns/n/_/head'])
  })

  test('of a path that was named looks at nothing else', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { hinted: '1', other: '1', 'folder/x': '1', 'folder/y': '1' })
    copy.markDirty('hinted')
    copy.markDirty('folder')
    assert.equal((await copy.push()).put, 3)
    assert.deepEqual(Object.keys(await contents(namespace)), ['folder/x', 'folder/y', 'hinted'])
    await rm(join(root, 'folder'), { recursive: true })
    copy.markDirty('folder')
    assert.equal((await copy.push()).deleted, 2)
    assert.equal((await copy.push()).put, 1)
  })

  test('that meets a change of the same file is refused, and the pull then lists it', async () => {
    const open = aBucket()
    const [a, b] = [await open(), await open()]
    const [rootA, rootB] = [aFolder(), aFolder()]
    const [copyA, copyB] = [await a.namespace.workingCopy(rootA), await b.namespace.workingCopy(rootB)]
    await Promise.all([copyA.pull(), copyB.pull()])
    await write(rootA, { same: 'a', onlyA: 'a' })
    await write(rootB, { same: 'b', onlyB: 'b' })
    await copyA.push()
    await assert.rejects(copyB.push(), ConflictError)
    assert.deepEqual((await copyB.status()).conflicts, ['same'])
    await copyB.settle('ours')
    await copyB.push()
    await copyA.pull()
    assert.deepEqual(await files(rootA), { same: 'b', onlyA: 'a', onlyB: 'b' })
    assert.deepEqual(await files(rootB), await files(rootA))
  })

  test('of the same change from two copies is no conflict', async () => {
    const open = aBucket()
    const [a, b] = [await open(), await open()]
    const [rootA, rootB] = [aFolder(), aFolder()]
    const [copyA, copyB] = [await a.namespace.workingCopy(rootA), await b.namespace.workingCopy(rootB)]
    await Promise.all([copyA.pull(), copyB.pull()])
    await write(rootA, { same: '1' })
    await write(rootB, { same: '1' })
    await copyA.push()
    assert.equal((await copyB.push()).put, 0)
  })

  test('keeps executable bits both ways', async () => {
    const open = aBucket()
    const [a, b] = [await open(), await open()]
    const [rootA, rootB] = [aFolder(), aFolder()]
    const copyA = await a.namespace.workingCopy(rootA)
    await write(rootA, { tool: '#!/bin/sh\n' })
    await copyA.push()
    await chmod(join(rootA, 'tool'), 0o755)
    assert.equal((await copyA.push()).put, 1)
    await (await b.namespace.workingCopy(rootB)).pull()
    assert.equal((await lstat(join(rootB, 'tool'))).mode & 0o111, 0o111)
  })

  test('refuses links and names that are no paths, and pushes nothing then', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await write(root, { fine: '1' })
    await symlink('/etc/hosts', join(root, 'link'))
    await assert.rejects(copy.push(), LinkInCopyError)
    await rm(join(root, 'link'))
    await write(root, { 'back\\slash': '1' })
    await assert.rejects(copy.push(), InvalidPathError)
    assert.deepEqual(await contents(namespace), {})
  })

  test('sees a change that left size and time as they were', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await write(root, { a: '1' })
    await copy.push()
    await write(root, { a: '2' })
    assert.equal((await copy.push()).put, 1)
    assert.deepEqual(await contents(namespace), { a: '2' })
  })
})

test('two users of one copy take turns', async () => {
  const { namespace } = await aBucket()()
  const root = aFolder()
  const [one, two] = [await namespace.workingCopy(root), await namespace.workingCopy(root)]
  await write(root, { a: '1', b: '1' })
  const results = await Promise.all([one.push(), two.push()])
  assert.equal(results[0].put + results[1].put, 2)
  assert.deepEqual(await contents(namespace), { a: '1', b: '1' })
})
