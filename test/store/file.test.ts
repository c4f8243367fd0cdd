// The file store passes the store suite, and keeps what is its own promise: nothing outside its root, plain files, flushed and
// moved into place, and no litter.
import assert from 'node:assert/strict'
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, mock, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AccessDeniedError, AmbiguousWrite, PreconditionFailed, StoreError } from '../../lib/errors.ts'
import { onDisk } from '../../lib/store/file/disk.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import type { ObjectStore } from '../../lib/store/object-store.ts'
import { age, anObject, aRoot, aStaged, versionsIn } from '../support/file-world.ts'
import { keysOf, text, textAt } from './suite/support.ts'
import { storeSuite } from './suite.ts'

storeSuite('the file store', async () => {
  const store = await openFileStore(await aRoot())
  return { store, done: () => store.close() }
})

describe('a file store’s folder', () => {
  test('is made when it is opened, with those above it', async () => {
    const root = join(await aRoot(), 'not', 'yet', 'there')
    const store = await openFileStore(root)
    await store.put('a', text('one'))
    assert.equal(store.url, `file:${root}`)
    assert.equal(await textAt(await openFileStore(root), 'a'), 'one')
  })

  test('holds each object as plain bytes, in a folder of its name', async () => {
    const root = await aRoot()
    const { etag } = await (await openFileStore(root)).put('ns/a/_/head', text('{"seq":1}\n'))
    assert.equal(await readFile(join(root, 'ns/a/_/head@', etag), 'utf8'), '{"seq":1}\n')
  })

  test('can be moved, and two stores that opened it see each other', async () => {
    const root = await aRoot()
    const [one, two] = [await openFileStore(root), await openFileStore(root)]
    const { etag } = await one.put('a/b', text('one'))
    await two.put('a/b', text('two'), { condition: { ifMatch: etag } })
    assert.equal(await textAt(one, 'a/b'), 'two')
    await rename(root, `${root}-moved`)
    const moved = await openFileStore(`${root}-moved`)
    assert.equal(await textAt(moved, 'a/b'), 'two')
    await rename(`${root}-moved`, root)
  })

  test('holds nothing but objects when all operations are done', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    const { etag } = await store.put('a/b/c', text('one'))
    await store.put('a/b/c', text('two'), { condition: { ifMatch: etag } })
    await Promise.allSettled(['x', 'y', 'z'].map(it => store.put('a/d', text(it), { condition: { ifNoneMatch: '*' } })))
    await store.delete(['a/b/c', 'a/d'])
    assert.deepEqual(await readdir(root), ['.tmp'])
    assert.deepEqual(await readdir(join(root, '.tmp')), [])
  })

  test('is left as it was by a stream that fails', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    async function* failing() {
      yield text('half')
      throw new RangeError('the source failed')
    }
    await assert.rejects(store.put('a/b', failing()), RangeError)
    assert.deepEqual(await readdir(root), ['.tmp'])
    assert.deepEqual(await readdir(join(root, '.tmp')), [])
  })
})

describe('a value', () => {
  /** What a reader sees under `key` at each flush that `work` waits for. */
  async function seenAtFlushes(store: ObjectStore, key: string, work: () => Promise<unknown>): Promise<string[]> {
    const handle = await open(fileURLToPath(import.meta.url), 'r')
    const seen: string[] = []
    const { sync } = handle
    const mocked = mock.method(Object.getPrototypeOf(handle), 'sync', async function (this: FileHandle) {
      await sync.call(this)
      seen.push((await store.get(key)).status === 'missing' ? 'nothing' : await textAt(store, key))
    })
    await work().finally(() => mocked.mock.restore())
    await handle.close()
    return seen
  }

  test('is flushed before it is seen, and its name before it is acknowledged', async () => {
    const store = await openFileStore(await aRoot())
    await store.put('beside', text('x'))
    const making = await seenAtFlushes(store, 'a', () => store.put('a', text('one')))
    assert.deepEqual(making, ['nothing', 'nothing', 'one'], 'the file, its folder, the folder above')
    const replacing = await seenAtFlushes(store, 'a', () => store.put('a', text('two')))
    assert.deepEqual(replacing, ['one', 'two'], 'the file, its folder')
  })

  test('is acknowledged when the names of all folders made for it are flushed', async () => {
    const store = await openFileStore(await aRoot())
    const making = await seenAtFlushes(store, 'a/b/c', () => store.put('a/b/c', text('one')))
    assert.deepEqual(making, ['nothing', 'nothing', 'nothing', 'nothing', 'one'])
  })

  test('is not even written when its condition does not hold any more', async () => {
    const store = await openFileStore(await aRoot())
    const { etag } = await store.put('a', text('one'))
    await store.put('a', text('two'))
    const lost = () =>
      assert.rejects(store.put('a', text('three'), { condition: { ifMatch: etag } }), PreconditionFailed)
    assert.deepEqual(await seenAtFlushes(store, 'a', lost), [])
  })

  test('is gone for good when its delete is acknowledged', async () => {
    const store = await openFileStore(await aRoot())
    await store.put('a/b/c', text('one'))
    assert.deepEqual(await seenAtFlushes(store, 'a/b/c', () => store.delete(['a/b/c'])), ['nothing'])
  })
})

describe('a stream', () => {
  test('is on the disk, chunk for chunk, before the next chunk is asked for', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    const sizes: number[] = []
    async function* watched() {
      for (let index = 0; index < 8; index++) {
        const [name = ''] = await readdir(join(root, '.tmp'))
        const [file = ''] = await readdir(join(root, '.tmp', name))
        sizes.push((await stat(join(root, '.tmp', name, file))).size)
        yield new Uint8Array(100_000)
      }
    }
    await store.put('a', watched())
    assert.deepEqual(
      sizes,
      [0, 1, 2, 3, 4, 5, 6, 7].map(count => count * 100_000),
    )
  })

  test('may read from and write to the same store, however many do so at once', async () => {
    const store = await openFileStore(await aRoot())
    await store.put('source', text('content'))
    async function* copied(index: number) {
      await store.put(`note/${index}`, text('x'))
      yield text(await textAt(store, 'source'))
    }
    await Promise.all(Array.from({ length: 60 }, (_, index) => store.put(`copy/${index}`, copied(index))))
    assert.equal((await keysOf(store, { prefix: 'copy/' })).length, 60)
  })
})

describe('what killed processes left', () => {
  test('is removed when the store is opened, an hour after it was last written', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    const [old, fresh] = [await aStaged(root, 'old'), await aStaged(root, 'fresh')]
    for (const path of [old.file, old.folder]) await age(path, 3_700_000)
    await age(fresh.folder, 3_700_000)
    await mkdir(join(root, '.tmp', 'just-made'))
    assert.deepEqual(await keysOf(store, { prefix: '' }), [])
    await openFileStore(root)
    assert.deepEqual((await readdir(join(root, '.tmp'))).sort(), [fresh.version.incarnation, 'just-made'].sort())
  })

  test('does not include objects, however old', async () => {
    const root = await aRoot()
    const place = await anObject(root, 'a', 1, 3)
    await age(place.folder, 1e10)
    assert.equal(await textAt(await openFileStore(root), 'a'), '3')
    assert.equal((await versionsIn(place)).length, 3)
  })
})

describe('a failure of the disk', () => {
  const failWith = (code: string) =>
    onDisk('put', 'a/b', () => Promise.reject(Object.assign(new Error(code), { code })))

  test('that is a refusal is an AccessDeniedError with the key and the cause', async () => {
    for (const code of ['EACCES', 'EPERM', 'EROFS']) {
      await assert.rejects(failWith(code), error => {
        return error instanceof AccessDeniedError && error.key === 'a/b' && error.cause instanceof Error
      })
    }
  })

  test('that is anything else is a StoreError with the key and the cause', async () => {
    for (const code of ['ENOSPC', 'EIO', 'EMFILE', 'EDQUOT', 'ENAMETOOLONG']) {
      await assert.rejects(failWith(code), error => {
        return error instanceof StoreError && error.key === 'a/b' && error.cause instanceof Error
      })
    }
  })

  test('before a value can be seen is a StoreError, and after that an AmbiguousWrite', async () => {
    const store = await openFileStore(await aRoot())
    await store.put('a', text('one'))
    const handle = await open(fileURLToPath(import.meta.url), 'r')
    const syncs = mock.method(Object.getPrototypeOf(handle), 'sync')
    const failAt = (call: number) => {
      syncs.mock.resetCalls()
      syncs.mock.mockImplementationOnce(() => Promise.reject(new Error('EIO: i/o error')), call)
    }
    failAt(0)
    await assert.rejects(store.put('a', text('two')), StoreError)
    assert.equal(await textAt(store, 'a'), 'one')
    failAt(1)
    await assert.rejects(store.put('a', text('two')), error => {
      return error instanceof AmbiguousWrite && error.cause instanceof Error && /EIO/.test(error.cause.message)
    })
    assert.equal(await textAt(store, 'a'), 'two')
    failAt(2)
    await assert.rejects(store.put('b', text('three')), AmbiguousWrite)
    assert.equal(await textAt(store, 'b'), 'three')
    syncs.mock.restore()
    await handle.close()
  })

  test('leaves nothing behind', async () => {
    const root = await aRoot()
    const store = await openFileStore(root)
    await writeFile(join(root, 'a'), 'a file where a folder should be')
    await assert.rejects(store.put('a/b', text('x')), error => error instanceof StoreError && error.key === 'a/b')
    assert.deepEqual(await readdir(join(root, '.tmp')), [])
  })

  test('to open names the folder', async () => {
    const file = join(await aRoot(), 'file')
    await writeFile(file, 'x')
    await assert.rejects(openFileStore(file), error => error instanceof StoreError && error.key === file)
  })
})
