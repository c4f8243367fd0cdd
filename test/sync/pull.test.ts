// A pull: it brings what others changed, and overwrites nothing of this directory.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { lstat, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { ConflictError, CopyMismatchError, LinkInCopyError, PathCollisionError } from '../../lib/errors.ts'
import { contents } from '../support/world.ts'
import { aBucket, aFolder, files, write } from './support.ts'

describe('a pull', () => {
  test('brings what is there, and later only what changed, deletions included', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      for (let i = 0; i < 50; i++) tx.put(`d/${i}`, String(i))
      tx.put('large', 'x'.repeat(100_000))
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    assert.equal((await copy.pull()).written, 51)
    assert.deepEqual(await files(root), await contents(namespace))
    await namespace.commit(tx => {
      tx.put('d/7', 'seven')
      tx.delete('d/8')
      tx.put('e/new', 'n')
    })
    assert.deepEqual(await copy.pull(), { seq: 2, written: 2, removed: 1, conflicts: [] })
    assert.deepEqual(await files(root), await contents(namespace))
  })

  test('of what did not change is one request, also in a new process', async () => {
    const open = aBucket()
    const first = await open()
    await first.namespace.put('a', '1')
    const root = aFolder()
    await (await first.namespace.workingCopy(root)).pull()
    first.requests.length = 0
    await (await first.namespace.workingCopy(root)).pull()
    assert.deepEqual(first.requests, ['get ns/n/_/head'])
  })

  test('after a small write of somebody else is at most two requests', async () => {
    const open = aBucket()
    const [a, b] = [await open(), await open()]
    await a.namespace.commit(tx => {
      for (let i = 0; i < 3000; i++) tx.put(`d/${i}`, String(i))
    })
    const root = aFolder()
    const copy = await b.namespace.workingCopy(root)
    await copy.pull()
    await a.namespace.put('d/5', 'five')
    b.requests.length = 0
    await copy.pull()
    assert.ok(b.requests.length <= 2, b.requests.join())
    assert.equal((await files(root))['d/5'], 'five')
  })

  test('brings many small values in few requests', async () => {
    const open = aBucket()
    const [a, b] = [await open(), await open()]
    await a.namespace.commit(tx => {
      for (let i = 0; i < 2000; i++) tx.put(`d/${i}`, `${i}`.padEnd(1000, '.'))
    })
    await (await b.namespace.workingCopy(aFolder())).pull()
    assert.ok(b.requests.length < 30, `${b.requests.length} requests`)
  })

  test('never overwrites what was changed here: it is a conflict, listed until it is settled', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      for (const path of ['a', 'b', 'c']) tx.put(path, 'base')
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { a: 'mine', b: 'mine' })
    await rm(join(root, 'c'))
    await namespace.commit(tx => {
      for (const path of ['a', 'b', 'c']) tx.put(path, 'theirs')
    })
    assert.deepEqual((await copy.pull()).conflicts, ['a', 'b', 'c'])
    assert.deepEqual(await files(root), { a: 'mine', b: 'mine' })
    assert.deepEqual((await copy.status()).conflicts, ['a', 'b', 'c'])
    await assert.rejects(copy.push(), ConflictError)
    await copy.settle('theirs', ['a', 'c'])
    await copy.settle('ours', ['b'])
    assert.deepEqual(await files(root), { a: 'theirs', b: 'mine', c: 'theirs' })
    assert.equal((await copy.push()).put, 1)
    assert.deepEqual(await contents(namespace), { a: 'theirs', b: 'mine', c: 'theirs' })
  })

  test('ends a conflict when the directory has again what it had before', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('a', 'base')
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { a: 'mine', new: 'mine' })
    await namespace.commit(tx => {
      tx.put('a', 'theirs')
      tx.put('new', 'theirs')
    })
    assert.deepEqual((await copy.pull()).conflicts, ['a', 'new'])
    await write(root, { a: 'base' })
    await rm(join(root, 'new'))
    assert.deepEqual(await copy.pull(), { seq: 2, written: 2, removed: 0, conflicts: [] })
    assert.deepEqual(await files(root), { a: 'theirs', new: 'theirs' })
  })

  test('takes a path that both sides changed to the same as settled', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await write(root, { a: 'same' })
    await namespace.put('a', 'same')
    assert.deepEqual((await copy.pull()).conflicts, [])
    assert.deepEqual(await copy.push(), { seq: undefined, put: 0, deleted: 0 })
  })

  test('tidies folders that became empty, and keeps those with something of yours', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      tx.put('x/y/z', '1')
      tx.put('p/q', '1')
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await write(root, { 'p/mine': '1' })
    await namespace.commit(tx => {
      tx.delete('x/y/z')
      tx.delete('p/q')
    })
    await copy.pull()
    assert.deepEqual(await files(root), { 'p/mine': '1' })
    await assert.rejects(lstat(join(root, 'x')))
  })

  test('of a prefix brings and pushes only that', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      tx.put('a/1', '1')
      tx.put('b/1', '1')
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root, { prefix: 'a/' })
    await copy.pull()
    assert.deepEqual(await files(root), { 'a/1': '1' })
    await write(root, { 'a/2': '2', 'b/2': 'not mine' })
    await copy.push()
    assert.deepEqual(await contents(namespace), { 'a/1': '1', 'a/2': '2', 'b/1': '1' })
    assert.equal((await namespace.workingCopy(root)).prefix, 'a/')
    await assert.rejects(namespace.workingCopy(root, { prefix: '' }), CopyMismatchError)
  })

  test('goes on where the index was compacted in between', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      for (let i = 0; i < 100; i++) tx.put(`d/${i}`, String(i))
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await namespace.delete('d/1')
    await namespace.put('d/2', 'two')
    await namespace.compact()
    assert.deepEqual(await copy.pull(), { seq: 3, written: 1, removed: 1, conflicts: [] })
    assert.deepEqual(await files(root), await contents(namespace))
  })

  test('refuses paths that cannot stand beside one another, before anything is written', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      tx.put('ok', '1')
      tx.put('a', 'a file')
      tx.put('a/b', 'in a folder of that name')
    })
    const root = aFolder()
    await assert.rejects((await namespace.workingCopy(root)).pull(), (error: PathCollisionError) => {
      return error instanceof PathCollisionError && error.collisions.some(pair => pair.join() === 'a,a/b')
    })
    assert.deepEqual(await files(root), {})
  })

  test('turns a file into a folder and back as the namespace does', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('a', 'file')
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await namespace.commit(tx => {
      tx.delete('a')
      tx.put('a/b', 'folder')
    })
    await copy.pull()
    assert.deepEqual(await files(root), { 'a/b': 'folder' })
    await namespace.commit(tx => {
      tx.delete('a/b')
      tx.put('a', 'file')
    })
    await copy.pull()
    assert.deepEqual(await files(root), { a: 'file' })
  })

  test('turns a folder into a file, however much else it brings', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('a/b', 'folder')
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await mkdir(join(root, 'a/empty/too'), { recursive: true })
    await namespace.commit(tx => {
      tx.delete('a/b')
      tx.put('a', 'file')
      for (let i = 0; i < 1100; i++) tx.put(`a-${i}`, 'between them')
    })
    assert.equal((await copy.pull()).written, 1101)
    assert.equal((await files(root)).a, 'file')
  })

  test('refuses a file where the directory has a folder with something of its own, before anything is written', async () => {
    const { namespace } = await aBucket()()
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await write(root, { 'a/mine': '1' })
    await namespace.commit(tx => {
      tx.put('a', 'file')
      tx.put('other', '1')
    })
    await assert.rejects(copy.pull(), PathCollisionError)
    assert.deepEqual(await files(root), { 'a/mine': '1' })
    await rm(join(root, 'a/mine'))
    assert.equal((await copy.pull()).written, 2)
  })

  test('does not overwrite or remove what is edited here while it fetches', async () => {
    const { namespace, failAt } = await aBucket()()
    const large = (text: string) => text.padEnd(5_000, '.')
    await namespace.commit(tx => {
      for (const path of ['changed', 'gone']) tx.put(path, large('1'))
    })
    const root = aFolder()
    const copy = await namespace.workingCopy(root)
    await copy.pull()
    await namespace.commit(tx => {
      for (const path of ['changed', 'fresh', 'below/fresh']) tx.put(path, large('2'))
    })
    const edited = { changed: 'mine', fresh: 'mine', 'below/fresh': 'mine' }
    let once = true
    failAt(({ key }) => {
      if (!key.includes('/values/') || !once) return false
      once = false
      for (const [path, value] of Object.entries(edited)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), value)
      }
      return false
    })
    assert.deepEqual((await copy.pull()).conflicts, ['below/fresh', 'changed', 'fresh'])
    assert.deepEqual(await files(root), { ...edited, gone: large('1') })
  })

  test('tells how far it is', async () => {
    const { namespace } = await aBucket()()
    await namespace.commit(tx => {
      for (let i = 0; i < 50; i++) tx.put(`d/${i}`, String(i))
    })
    const copy = await namespace.workingCopy(aFolder())
    const told: [string, number][] = []
    const onProgress = (step: string, files: number) => told.push([step, files])
    await copy.pull({ onProgress })
    await write(copy.directory, { 'd/1': 'changed', 'd/new': 'new' })
    await copy.push({ onProgress })
    const last = new Map(told)
    assert.deepEqual(
      [...last],
      [
        ['fetch', 50],
        ['scan', 51],
        ['push', 2],
      ],
    )
  })

  test('never writes through a link out of the directory', async () => {
    const { namespace } = await aBucket()()
    await namespace.put('out/file', 'x')
    const [root, elsewhere] = [aFolder(), aFolder()]
    await mkdir(elsewhere, { recursive: true })
    const copy = await namespace.workingCopy(root)
    await symlink(elsewhere, join(root, 'out'))
    await assert.rejects(copy.pull(), LinkInCopyError)
    assert.deepEqual(await readdir(elsewhere), [])
  })
})
