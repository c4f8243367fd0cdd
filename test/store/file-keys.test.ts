// Keys of the file store: which ones it refuses, so that nothing leads out of its root, and how it finds the others in order.
import assert from 'node:assert/strict'
import fs, { mkdir, writeFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join, relative } from 'node:path'
import { describe, mock, test } from 'node:test'
import { InvalidArgumentError } from '../../lib/errors.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import type { ListOptions } from '../../lib/store/object-store.ts'
import { anObject, aRoot } from '../support/file-world.ts'
import { keysOf, text, textAt } from './suite/support.ts'

describe('a key', () => {
  const refused = [
    ...[
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      '../a',
      'a/..',
      './a',
      'a/./b',
      'a@',
      'a@/b',
      '@',
      'a\\b',
      'a\0b',
    ],
    ...['.tmp', '.tmp/x', 'lone\ud800', 'x'.repeat(255)],
  ]

  test('that could lead out of the root, or into the store’s own files, is refused by every operation', async () => {
    const store = await openFileStore(await aRoot())
    const isRefused = (error: unknown) => error instanceof InvalidArgumentError && error.argument === 'key'
    for (const key of refused) {
      // What begins with a slash would lie in a bucket around the store, where a folder has none.
      if (key.startsWith('/')) assert.deepEqual(await store.get(key), { status: 'missing' })
      else await assert.rejects(store.get(key), isRefused, JSON.stringify(key))
      await assert.rejects(store.put(key, text('x')), isRefused, JSON.stringify(key))
      await assert.rejects(store.delete([key]), isRefused, JSON.stringify(key))
    }
    for (const prefix of ['../', 'a/../../', '/', '/etc/', 'a@/', '.tmp/', 'a//']) {
      await assert.rejects(keysOf(store, { prefix }), InvalidArgumentError, prefix)
    }
  })

  test('that is refused makes a batch delete nothing', async () => {
    const store = await openFileStore(await aRoot())
    await store.put('a', text('one'))
    await assert.rejects(store.delete(['a', '../b']), InvalidArgumentError)
    assert.equal(await textAt(store, 'a'), 'one')
  })

  test('may look much like the store’s own names', async () => {
    const store = await openFileStore(await aRoot())
    const keys = ['.tm', '.tmp.', '.tmpx/a', 'a/.tmp/b', 'i-x', 'x'.repeat(254), '...', '..a', 'a/..b', '000000000001']
    for (const key of keys) await store.put(key, text(key))
    for (const key of keys) assert.equal(await textAt(store, key), key)
    assert.deepEqual((await keysOf(store, { prefix: '' })).sort(), [...keys].sort())
  })
})

describe('a listing', () => {
  /** The folders of keys that a listing reads, as the beginnings of the keys in them. */
  async function foldersReadBy(root: string, options: ListOptions): Promise<string[]> {
    const store = await openFileStore(root)
    const reads = mock.method(fs, 'readdir')
    syncBuiltinESMExports()
    try {
      await keysOf(store, options)
    } finally {
      reads.mock.restore()
      syncBuiltinESMExports()
    }
    const folders = reads.mock.calls.map(call => relative(root, String(call.arguments[0])))
    return folders.filter(folder => !folder.endsWith('@'))
  }

  test('reads only folders that can hold what is asked for', async () => {
    const root = await aRoot()
    for (const key of ['a/1/x', 'a/2/x', 'ab/x', 'b/1/x', 'b/2/x']) await anObject(root, key, 1, 1)
    assert.deepEqual(await foldersReadBy(root, { prefix: 'a/2/' }), ['a/2'])
    assert.deepEqual(await foldersReadBy(root, { prefix: 'a' }), ['', 'a', 'a/1', 'a/2', 'ab'])
    assert.deepEqual(await foldersReadBy(root, { prefix: '', startAfter: 'b/1/x' }), ['', 'b', 'b/1', 'b/2'])
    assert.deepEqual(await foldersReadBy(root, { prefix: '', delimiter: '/' }), ['', 'a', 'a/1', 'ab', 'b', 'b/1'])
  })

  test('that is rolled up goes on after an entry of the one before', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    for (const key of ['a', 'a/b', 'a/c', 'b/c', 'c']) await anObject(root, key, 1, 1)
    assert.deepEqual(await keysOf(store, { prefix: '', delimiter: '/', startAfter: 'a' }), ['a/', 'b/', 'c'])
    assert.deepEqual(await keysOf(store, { prefix: '', delimiter: '/', startAfter: 'a/' }), ['b/', 'c'])
  })

  test('ignores what is not the store’s', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    await store.put('a/b', text('one'))
    await writeFile(join(root, 'a', '.DS_Store'), 'x')
    await writeFile(join(root, 'a', 'file@'), 'x')
    await mkdir(join(root, 'a', 'empty', 'folder'), { recursive: true })
    await mkdir(join(root, 'a', '@'))
    await mkdir(join(root, 'a', 'x@y@'))
    await mkdir(join(root, '.tmp', 'x', 'y@'), { recursive: true })
    assert.deepEqual(await keysOf(store, { prefix: '' }), ['a/b'])
    assert.deepEqual(await keysOf(store, { prefix: 'a/', delimiter: '/' }), ['a/b'])
    assert.deepEqual(await keysOf(store, { prefix: '.t' }), [])
  })

  test('reads no folder before it gets there', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    // More than a listing looks up ahead, and then one that cannot be read.
    for (let index = 0; index < 20; index++) await anObject(root, `a/${String(index).padStart(2, '0')}`, 1, 1)
    await anObject(root, 'b/corrupt', 1, 0)
    for await (const entry of store.list({ prefix: '' })) {
      assert.equal(entry.key, 'a/00')
      break
    }
    assert.equal((await keysOf(store, { prefix: 'a' })).length, 20)
    await assert.rejects(keysOf(store, { prefix: '', startAfter: 'a/18' }))
    await anObject(root, 'c/d', 1, 1)
    assert.deepEqual(await keysOf(store, { prefix: '', startAfter: 'b0' }), ['c/d'])
  })
})
