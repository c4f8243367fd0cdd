// Import and export as they go on a real S3 protocol, with its ETags, conditions and copies: run on the test server and on Ceph.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../../lib/ambient.ts'
import { ExternalObjectError } from '../../../lib/errors.ts'
import { exportToSwamp } from '../../../lib/integrations/swamp/export/export.ts'
import { openDatastore } from '../../../lib/integrations/swamp/import/datastore.ts'
import { type ImportOptions, importSwamp } from '../../../lib/integrations/swamp/import/import.ts'
import { isVerified, verifyImport } from '../../../lib/integrations/swamp/import/verify.ts'
import { parseNamespaceName } from '../../../lib/names.ts'
import { openNamespace } from '../../../lib/namespace/namespace.ts'
import { openStore, type Store } from '../../../lib/runlet.ts'
import type { ObjectStore } from '../../../lib/store/object-store.ts'
import { openObjectStore } from '../../../lib/store/open.ts'
import { SwampDatastore, type SwampOptions } from '../../support/swamp-datastore.ts'
import { contents } from '../../support/world.ts'

const ambient = systemAmbient
const LARGE = 'x'.repeat(9 * 1024 * 1024)
const FILES: Record<string, string> = {
  'data/vm/web/1/raw': 'one',
  'data/vm/web/2/raw': 'two'.repeat(3_000),
  'data/vm/web/large': LARGE,
  'definitions/ä ö +%&?.yaml': '',
}

class Scene {
  readonly swamp: SwampDatastore
  /** Of the datastore, below its prefix. */
  readonly objects: ObjectStore
  readonly store: Store
  readonly #target: ObjectStore
  readonly #url: string
  readonly #namespace: string | undefined

  constructor(parts: { objects: ObjectStore; store: Store; target: ObjectStore; url: string; options: SwampOptions }) {
    this.objects = parts.objects
    this.store = parts.store
    this.#target = parts.target
    this.#url = parts.url
    this.#namespace = parts.options.namespace
    this.swamp = new SwampDatastore(parts.objects, parts.options)
  }

  async #with<T>(
    work: (into: ReturnType<typeof openNamespace>, datastore: Awaited<ReturnType<typeof openDatastore>>) => Promise<T>,
  ): Promise<T> {
    const datastore = await openDatastore(this.#url, { namespace: this.#namespace, ambient, folder: '/' })
    const into = openNamespace(this.#target, parseNamespaceName('p'), ambient)
    try {
      return await work(into, datastore)
    } finally {
      await into.committer.idle()
      await datastore.store.close()
    }
  }

  import(options: Partial<ImportOptions> = {}) {
    return this.#with((into, datastore) => importSwamp(into, datastore, { author: 'importer', ...options }))
  }

  verify() {
    return this.#with((into, datastore) => verifyImport(into, datastore))
  }

  export() {
    return this.#with((from, datastore) => exportToSwamp(from, datastore, { author: 'exporter' }))
  }

  async contents() {
    return contents(await this.store.namespace('p'))
  }
}

/** `urlOf`: of a prefix in one bucket. */
export function swampOnS3(name: string, urlOf: (prefix: string) => string): void {
  let scenes = 0
  const inScene = async (options: SwampOptions & { target?: string }, work: (scene: Scene) => Promise<void>) => {
    const prefix = `swamp-test/${++scenes}`
    const [url, targetUrl] = [urlOf(`${prefix}/their s`.replace(' ', '-')), options.target ?? urlOf(`${prefix}/ours`)]
    const open = (at: string) => openObjectStore(at, ambient, { folder: '/' })
    const [objects, target, store] = await Promise.all([open(url), open(targetUrl), openStore(targetUrl)])
    try {
      await work(new Scene({ objects, store, target, url, options }))
    } finally {
      await Promise.all([objects, target, store].map(opened => opened.close()))
    }
  }

  describe(`a swamp datastore on ${name}`, () => {
    test('is imported without a copy, again after changes, and told of by readers in between', () =>
      inScene({}, async scene => {
        await scene.swamp.push(FILES)
        const { put, bytesUp, copied } = await scene.import()
        assert.equal(put, 4)
        assert.equal(copied.files, 0)
        assert.ok(bytesUp < 64 * 1024, `${bytesUp} bytes up`)
        assert.deepEqual(await scene.contents(), FILES)
        assert.ok(isVerified(await scene.verify()))
        await scene.swamp.push({
          'data/vm/web/1/raw': 'changed',
          'data/vm/web/3/raw': 'three',
          'data/vm/web/2/raw': undefined,
        })
        const namespace = await scene.store.namespace('p')
        await assert.rejects(namespace.get('data/vm/web/1/raw'), error => {
          return (
            error instanceof ExternalObjectError &&
            error.state === 'changed' &&
            error.key.endsWith('/data/vm/web/1/raw')
          )
        })
        await assert.rejects(namespace.get('data/vm/web/2/raw'), {
          code: 'ERR_RUNLET_EXTERNAL_CHANGED',
          state: 'missing',
        })
        const again = await scene.import()
        assert.deepEqual([again.put, again.deleted], [2, 1])
        const { 'data/vm/web/2/raw': _, ...rest } = FILES
        assert.deepEqual(await scene.contents(), {
          ...rest,
          'data/vm/web/1/raw': 'changed',
          'data/vm/web/3/raw': 'three',
        })
        assert.equal((await scene.import()).seq, undefined)
      }))

    for (const shape of [
      { index: 'sharded', namespace: 'team' },
      { index: 'none' },
      { index: 'one file', hashes: false },
    ] as const) {
      test(`is imported and copied from the index ${shape.index}, and needed no more`, () =>
        inScene(shape, async scene => {
          await scene.swamp.push(FILES)
          await scene.import()
          assert.deepEqual(await scene.contents(), FILES)
          const { copied, bytesUp } = await scene.import({ copy: true })
          assert.equal(copied.files, 4)
          if (shape.index === 'sharded') assert.ok(bytesUp < 64 * 1024, `${bytesUp} bytes up`)
          await scene.swamp.push(Object.fromEntries(Object.keys(FILES).map(path => [path, undefined])))
          assert.deepEqual(await scene.contents(), FILES)
          const entry = await (await scene.store.namespace('p')).stat('data/vm/web/large')
          assert.equal(entry?.sha256, createHash('sha256').update(LARGE).digest('hex'))
        }))
    }

    test('gets back what runlet changed, the large values by a copy of the server', () =>
      inScene({}, async scene => {
        await scene.swamp.push(FILES)
        await scene.import()
        const namespace = await scene.store.namespace('p')
        await namespace.put('data/vm/web/4/raw', 'y'.repeat(100_000))
        await namespace.delete('data/vm/web/1/raw')
        const { put, deleted, copiedBytes, sentBytes } = await scene.export()
        assert.deepEqual([put, deleted, copiedBytes, sentBytes], [1, 1, 100_000, 0])
        const body = await scene.objects.get('.datastore-index.json')
        assert.equal(body.status, 'found')
        const index = JSON.parse(body.status === 'found' ? Buffer.from(body.body).toString() : '')
        assert.deepEqual(
          Object.keys(index.entries).sort(),
          [...Object.keys(FILES).slice(1), 'data/vm/web/4/raw'].sort(),
        )
        const again = await scene.export()
        assert.deepEqual([again.put, again.deleted, again.wroteIndex], [0, 0, false])
        assert.equal((await scene.import()).seq, undefined)
        assert.ok(isVerified(await scene.verify()))
      }))
  })
}
