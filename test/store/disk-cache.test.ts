// The cache of immutable objects on disk: bounded, shared by processes, and never trusted.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Ambient, systemAmbient } from '../../lib/ambient.ts'
import { CachedStore } from '../../lib/store/cached-store.ts'
import { DiskCache } from '../../lib/store/disk-cache.ts'
import { openFileStore } from '../../lib/store/file/file-store.ts'
import { MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { Fleet } from '../support/fleet.ts'

let folder: string
let folders = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runlet-cache-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** A store behind a cache in `place`, and the reads that reach the store. */
function aCachedStore(place: string, ambient: Ambient = systemAmbient) {
  const reads: string[] = []
  const inner = new MemoryStore({
    schedule: async request => {
      if (request.operation === 'get' && request.phase === 'before') reads.push(request.key)
      return 'pass'
    },
  })
  const cache = new DiskCache(place, 1_000_000, ambient)
  return { reads, inner, cache, store: new CachedStore(inner, cache, key => key.startsWith('immutable/')) }
}

const aPlace = () => join(folder, String(++folders))

test('what is cached is readable for this user alone', async () => {
  const place = aPlace()
  const { inner, store } = aCachedStore(place)
  await inner.put('immutable/a', Buffer.from('secret'))
  await bodyOf(store, 'immutable/a')
  assert.equal((await stat(place)).mode & 0o077, 0)
})

async function bodyOf(store: CachedStore, key: string): Promise<string> {
  const answer = await store.get(key)
  return answer.status === 'found' ? Buffer.from(answer.body).toString() : answer.status
}

async function entries(place: string): Promise<string[]> {
  const found = await readdir(place, { recursive: true, withFileTypes: true })
  return found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

describe('the disk cache', () => {
  test('answers the second read of an immutable object, also in another process', async () => {
    const { reads, store, inner, cache } = aCachedStore(aPlace())
    await store.put('immutable/a', Buffer.from('1'))
    assert.equal(await bodyOf(store, 'immutable/a'), '1')
    assert.equal(await bodyOf(new CachedStore(inner, cache, () => true), 'immutable/a'), '1')
    assert.deepEqual(reads, ['immutable/a'])
  })

  test('answers for nothing that can change', async () => {
    const { reads, store } = aCachedStore(aPlace())
    await store.put('head', Buffer.from('1'))
    await bodyOf(store, 'head')
    await store.put('head', Buffer.from('2'))
    assert.equal(await bodyOf(store, 'head'), '2')
    assert.equal(reads.length, 2)
  })

  test('remembers nothing of what is missing', async () => {
    const { store } = aCachedStore(aPlace())
    assert.equal(await bodyOf(store, 'immutable/a'), 'missing')
    await store.put('immutable/a', Buffer.from('1'))
    assert.equal(await bodyOf(store, 'immutable/a'), '1')
  })

  test('notices an entry that is broken, and fetches it again', async () => {
    const place = aPlace()
    const { store } = aCachedStore(place)
    await store.put('immutable/a', Buffer.from('good'))
    await bodyOf(store, 'immutable/a')
    for (const broken of ['', 'short', 'x'.repeat(100)]) {
      for (const entry of await entries(place)) await writeFile(entry, broken)
      assert.equal(await bodyOf(store, 'immutable/a'), 'good')
    }
  })

  test('stays within its bytes, the longest unused going first', async () => {
    const place = aPlace()
    const { store, cache } = aCachedStore(place)
    for (let i = 0; i < 30; i++) {
      await store.put(`immutable/${i}`, Buffer.alloc(50_000, i))
      await store.get(`immutable/${i}`)
      await systemAmbient.sleep(2)
    }
    await cache.trim()
    const left = await entries(place)
    assert.ok(left.length > 10 && left.length <= 20, `${left.length} entries are left`)
    const { reads } = await readNewest(store, cache)
    assert.deepEqual(reads, [])
  })

  test('trims by itself each time that two hundred entries were added', async () => {
    const place = aPlace()
    // As a process that begins right after a trim.
    const { store, cache } = aCachedStore(place, { ...systemAmbient, random: () => 0 })
    const add = async (i: number) => {
      await store.put(`immutable/${i}`, Buffer.alloc(10_000, i))
      await store.get(`immutable/${i}`)
      await cache.idle()
    }
    for (let i = 0; i < 199; i++) await add(i)
    assert.equal((await entries(place)).length, 199)
    await add(199)
    assert.ok((await entries(place)).length <= 80)
  })

  test('is trimmed by processes that add one entry each, about once in two hundred of them', async () => {
    const place = aPlace()
    let trims = 0
    let left = 0
    for (let i = 0; i < 200; i++) {
      const { store } = aCachedStore(place, { ...systemAmbient, random: () => i / 200 })
      await store.put(`immutable/${i}`, Buffer.alloc(10_000, i))
      await store.get(`immutable/${i}`)
      await store.close()
      const now = (await entries(place)).length
      if (now <= left) trims += 1
      left = now
    }
    assert.equal(trims, 1)
  })

  test('lets no reader wait for a trim', async () => {
    const { store, cache } = aCachedStore(aPlace(), { ...systemAmbient, random: () => 0.999 })
    let finish = () => {}
    cache.trim = () =>
      new Promise(resolve => {
        finish = resolve
      })
    await store.put('immutable/a', Buffer.from('1'))
    assert.equal(await bodyOf(store, 'immutable/a'), '1')
    const closing = store.close()
    assert.equal(await Promise.race([closing.then(() => 'closed'), Promise.resolve('trims')]), 'trims')
    finish()
    await closing
  })

  test('whose folder cannot be written costs requests and nothing else', async () => {
    const place = aPlace()
    await writeFile(place, 'a file where a folder must be')
    const { store, reads } = aCachedStore(place)
    await store.put('immutable/a', Buffer.from('1'))
    assert.equal(await bodyOf(store, 'immutable/a'), '1')
    assert.equal(await bodyOf(store, 'immutable/a'), '1')
    assert.equal(reads.length, 2)
  })
})

test('processes that share a folder read what was put there, whatever the others break and remove', async () => {
  const fleet = new Fleet()
  const [place, store] = [aPlace(), aPlace()]
  try {
    const inner = await openFileStore(store)
    const names = Array.from({ length: 40 }, (_, i) => `immutable/${i}`)
    for (const name of names) await inner.put(name, Buffer.from(name.repeat(500)))
    await inner.close()
    const vandal = fleet.start('cache-worker', { place, store, names, breaks: true })
    const readers = [1, 2].map(() => fleet.start('cache-worker', { place, store, names, breaks: false }))
    for (const reader of readers) {
      const { by, stderr } = await reader.ended
      assert.equal(by, 0, stderr)
    }
    vandal.tell('stop')
    const { by, stderr } = await vandal.ended
    assert.equal(by, 0, stderr)
  } finally {
    await fleet.end()
  }
})

/** Whether the newest entry is still answered without the store. */
async function readNewest(store: CachedStore, cache: DiskCache): Promise<{ reads: string[] }> {
  const reads: string[] = []
  const empty = new MemoryStore({
    schedule: async request => {
      reads.push(request.key)
      return 'pass'
    },
  })
  const other = new CachedStore(empty, cache, () => true)
  assert.equal(other.url, store.url)
  await other.get('immutable/29')
  return { reads }
}
