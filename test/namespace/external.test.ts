// Rows that refer to objects which are not runlet's: read only while they are the version that was meant, compared without guessing, and
// never written or deleted by anything.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { ConflictError, ExternalObjectError, FormatVersionError } from '../../lib/errors.ts'
import { type Etag, parseNamespaceName, parsePath } from '../../lib/names.ts'
import { compact } from '../../lib/namespace/compact.ts'
import { createNamespace, type OpenNamespace, openNamespace } from '../../lib/namespace/namespace.ts'
import { compareContent, type Row } from '../../lib/namespace/row.ts'
import { type Namespace, Store } from '../../lib/runlet.ts'
import { DEFAULT_GRACE_MS } from '../../lib/store/grace.ts'
import { type Fate, type MemoryRequest, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { type Client, contents, text, World } from '../support/world.ts'

const signing = { author: 'importer', rules: [], suffix: 'import' }
const NAME = parseNamespaceName('p')

/** What another program keeps in the bucket. */
class Others {
  readonly #world: World
  constructor(world: World) {
    this.#world = world
  }

  put(key: string, value: string): Etag {
    const etag = this.#world.bucket.nextEtag()
    this.#world.bucket.objects.set(`/${key}`, {
      body: Buffer.from(value),
      etag,
      lastModified: this.#world.time.ambient().now(),
    })
    return etag
  }

  delete(key: string): void {
    this.#world.bucket.objects.delete(`/${key}`)
  }

  keys(): string[] {
    return this.#world.keys('/')
  }
}

const hash = (value: string) => createHash('sha256').update(value).digest('hex')

interface Scene {
  readonly world: World
  readonly others: Others
  readonly client: Client
  readonly open: OpenNamespace
  readonly namespace: Namespace
  /** Puts an object of others and commits a row that refers to it. */
  refer(path: string, value: string, about?: { sha256?: string }): Promise<void>
}

function inScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const world = new World()
  return world.run(() => atWork(world, world.client(), work))
}

/** In real time: what waits for a disk cannot be waited for in virtual time. */
async function inRealScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const world = new World()
  const requests: string[] = []
  const schedule = async ({ phase, operation, key }: MemoryRequest): Promise<Fate> => {
    if (phase === 'after') requests.push(`${operation} ${key}`)
    return 'pass'
  }
  const objects = new MemoryStore({ bucket: world.bucket, schedule })
  const store = new Store(objects, systemAmbient, 'ada')
  const nobody = () => assert.fail()
  const client = { store, objects, ambient: systemAmbient, requests, kill: nobody, freeze: nobody, thaw: nobody }
  await atWork(world, client, work)
}

async function atWork(world: World, client: Client, work: (scene: Scene) => Promise<void>): Promise<void> {
  const others = new Others(world)
  const open = openNamespace(client.objects, NAME, client.ambient)
  await createNamespace(open)
  const refer: Scene['refer'] = async (path, value, about = {}) => {
    const external: Row['external'] = [`swamp/${path}`, others.put(`swamp/${path}`, value)]
    const row = {
      path: parsePath(path),
      seq: 0,
      in: NAME,
      at: 1,
      author: 'importer',
      size: value.length,
      ...about,
      external,
    }
    await open.head.refresh()
    await open.committer.submit([row], signing)
  }
  await work({ world, others, client, open, namespace: await client.store.namespace('p'), refer })
}

const aFolder = async (work: (folder: string) => Promise<void>) => {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-external-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const isChanged = (state: 'changed' | 'missing') => (error: unknown) =>
  error instanceof ExternalObjectError &&
  error.code === 'ERR_RUNLET_EXTERNAL_CHANGED' &&
  error.path === 'a' &&
  error.key === 'swamp/a' &&
  error.state === state &&
  error.message.includes('runlet import swamp')

describe('a row that refers to an object of others', () => {
  test('reads it, whole and as a stream, with one request each, and says its size', async () => {
    await inScene(async ({ refer, client, namespace }) => {
      await refer('a', 'hello')
      await refer('empty', '')
      await namespace.get('a')
      const before = client.requests.length
      assert.equal(text(await namespace.get('a')), 'hello')
      assert.deepEqual(client.requests.slice(before), ['get ns/p/_/head', 'get /swamp/a'])
      assert.equal(text(await namespace.get('empty')), '')
      const chunks: Uint8Array[] = []
      for await (const chunk of (await namespace.stream('a')) ?? []) chunks.push(chunk)
      assert.equal(Buffer.concat(chunks).toString(), 'hello')
      const entry = await namespace.stat('a')
      assert.deepEqual([entry?.size, entry?.sha256], [5, undefined])
    })
  })

  test('gives an error that names path, key and remedy when the object was changed, or is gone', async () => {
    await inScene(async ({ refer, others, namespace }) => {
      await refer('a', 'hello', { sha256: hash('hello') })
      others.put('swamp/a', 'other')
      await assert.rejects(namespace.get('a'), isChanged('changed'))
      others.delete('swamp/a')
      await assert.rejects(namespace.get('a'), isChanged('missing'))
    })
  })

  test('refuses bytes that are not those of the SHA-256 that was imported', async () => {
    await inScene(async ({ refer, namespace }) => {
      await refer('a', 'hello', { sha256: hash('another') })
      await assert.rejects(namespace.get('a'), { code: 'ERR_RUNLET_CORRUPT_OBJECT' })
    })
  })

  test('stands through folds and compactions, and no sweep deletes the object, used or not', async () => {
    await inScene(async ({ refer, others, world, open, namespace, client }) => {
      for (let i = 0; i < 12; i++) await refer(`f/${i}`, `value ${i}`)
      const run = await namespace.fork('r')
      await run.delete('f/0')
      await run.put('f/1', 'own')
      await run.fold()
      await compact(open)
      await namespace.delete('f/2')
      for (let i = 0; i < 30; i++) {
        await client.ambient.sleep(DEFAULT_GRACE_MS)
        assert.deepEqual((await client.store.sweep()).problems, [])
      }
      assert.equal(others.keys().length, 12)
      const now = await contents(await world.client().store.namespace('p'))
      assert.equal(Object.keys(now).length, 10)
      assert.equal(now['f/1'], 'own')
      assert.equal(now['f/11'], 'value 11')
    })
  })

  test('is no conflict for a run that wrote the same bytes, and is one for a run that wrote others', async () => {
    await inScene(async ({ refer, namespace }) => {
      const [same, other] = [await namespace.fork('same'), await namespace.fork('other')]
      await same.put('a', 'hello')
      await other.put('a', 'jello')
      await refer('a', 'hello')
      await same.fold()
      await assert.rejects(other.fold(), ConflictError)
      assert.equal(text(await namespace.get('a')), 'hello')
    })
  })

  test('whose bytes a run only says again leaves what the parent changed', async () => {
    await inScene(async ({ refer, namespace }) => {
      await refer('a', 'hello')
      const run = await namespace.fork('r')
      await run.put('a', 'hello')
      await namespace.put('a', 'newer')
      await run.fold()
      assert.equal(text(await namespace.get('a')), 'newer')
    })
  })

  test('is copied by keep-both, so that both values are of this namespace or as they were', async () => {
    await inScene(async ({ refer, others, namespace }) => {
      const run = await namespace.fork('r', { onConflict: { '**': 'keep-both' } })
      await run.put('a', 'own')
      await refer('a', 'theirs')
      await run.fold()
      assert.deepEqual(await contents(namespace), { a: 'theirs', 'a.r': 'own' })
      others.delete('swamp/a')
      assert.equal(text(await namespace.get('a.r')), 'own')
    })
  })

  test('is pulled into a working copy, edited there and pushed, and what did not change is not an edit', async () => {
    await aFolder(folder =>
      inRealScene(async ({ refer, namespace, client }) => {
        await refer('a', 'hello')
        await refer('b', 'x'.repeat(20_000))
        const copy = await namespace.workingCopy(folder)
        const before = client.requests.length
        assert.equal((await copy.pull()).written, 2)
        const asked = client.requests.slice(before).filter(request => request.startsWith('get /'))
        assert.equal(asked.filter(request => request === 'get /swamp/a').length, 1)
        assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'hello')
        const { added, modified, deleted } = await copy.status()
        assert.deepEqual([added, modified, deleted], [[], [], []])
        await writeFile(join(folder, 'a'), 'edited')
        assert.equal((await copy.push()).put, 1)
        assert.equal(text(await namespace.get('a')), 'edited')
        await refer('b', 'y'.repeat(20_000))
        assert.equal((await copy.pull()).written, 1)
        assert.equal(await readFile(join(folder, 'b'), 'utf8'), 'y'.repeat(20_000))
      }),
    )
  })

  test('is a conflict of a working copy only where the bytes differ', async () => {
    await aFolder(folder =>
      inRealScene(async ({ refer, namespace }) => {
        await writeFile(join(folder, 'same'), 'hello')
        await writeFile(join(folder, 'other'), 'jello')
        await refer('same', 'hello')
        await refer('other', 'hello')
        const copy = await namespace.workingCopy(folder)
        assert.deepEqual((await copy.pull()).conflicts, ['other'])
        assert.equal(await readFile(join(folder, 'other'), 'utf8'), 'jello')
      }),
    )
  })

  test('lies in documents that an older runlet refuses by their version', async () => {
    await inScene(async ({ refer, world, open }) => {
      await refer('a', 'hello')
      assert.equal(world.peek('ns/p/_/head').format, 2)
      await compact(open)
      await open.committer.idle()
      const newer = { ...world.peek('ns/p/_/head'), format: 3 }
      world.bucket.objects.set('ns/p/_/head', {
        body: Buffer.from(JSON.stringify(newer)),
        etag: 'x' as Etag,
        lastModified: 0,
      })
      const later = world.client().store.namespace('p')
      await assert.rejects(
        later,
        error => error instanceof FormatVersionError && /format 3.*formats 1 to 2/.test(error.message),
      )
    })
  })
})

describe('two rows', () => {
  const about = { path: parsePath('a'), seq: 1, in: NAME, at: 1, author: 'x' }
  const external = (etag: string, more: object = {}): Row => ({
    ...about,
    size: 5,
    external: ['k', etag as Etag],
    ...more,
  })
  const own = (sha256: string, size = 5): Row => ({ ...about, size, sha256, object: 'abcdefgh' })
  const cases: [why: string, a: Row | undefined, b: Row | undefined, is: string][] = [
    ['that mean the same version of an object', external('1'), external('1'), 'same'],
    ['that mean two versions of it', external('1'), external('2'), 'unknown'],
    ['of two sizes', external('1'), own('s', 6), 'different'],
    ['of which one has no SHA-256', external('1'), own('s'), 'unknown'],
    ['of two versions with the same SHA-256', external('1', { sha256: 's' }), external('2', { sha256: 's' }), 'same'],
    ['of two versions with two', external('1', { sha256: 's' }), external('2', { sha256: 't' }), 'different'],
    ['of an object and of nothing', external('1'), undefined, 'different'],
  ]
  for (const [why, a, b, is] of cases) {
    test(`${why} are ${is}`, () => {
      assert.equal(compareContent(a, b), is)
      assert.equal(compareContent(b, a), is)
    })
  }
})
