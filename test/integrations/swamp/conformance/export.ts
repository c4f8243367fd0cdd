// What an extension's file exports, and what becomes of a configuration.
import assert from 'node:assert/strict'
import type { Sentence } from './world.ts'

/** Swamp's own: of its loader, and of its tests for extensions. */
const TYPES = [/^@?[a-z0-9_-]+\/[a-z0-9_-]+$/, /^@?[a-z][a-z0-9_-]*\/[a-z0-9][a-z0-9_-]*$/]

const SECRET = 'wJalrXUtnFEMI'

const BAD: readonly (readonly [config: unknown, names: RegExp])[] = [
  [{}, /store/],
  [null, /store/],
  [{ store: 7 }, /store/],
  [{ store: 'ftp://host/folder' }, /store/],
  [{ store: 'file:./relative' }, /absolute/],
  [{ store: 's3://b' }, /bucket/],
  [{ store: `s3://key:${SECRET}@bucket` }, /credentials/],
  [{ store: `s3://bucket?secretAccessKey=${SECRET}` }, /secretAccessKey/],
  [{ store: 'memory:', parent: 'No Such Name' }, /parent/],
  [{ store: 'memory:', parent: '' }, /parent/],
  [{ store: 'memory:', run: '../up' }, /run/],
  [{ store: 'memory:', run: 'a/b/c/d/e/f/g/h' }, /run/],
  [{ store: 'memory:', secretAccessKey: SECRET }, /secretAccessKey/],
]

export const exportSentences: readonly Sentence[] = [
  {
    says: 'the export has the shape that swamp loads',
    async holds({ datastore, store }) {
      for (const type of TYPES) assert.match(datastore.type, type)
      assert.ok(datastore.name.length > 0 && datastore.description.length > 0)
      assert.ok('_def' in datastore.configSchema)
      for (const config of [{ store }, { store, parent: 'control-plane', run: 'build-17', hydrationStrategy: 'lazy' }])
        assert.deepEqual(datastore.configSchema.safeParse(config).error, undefined)
      const provider = datastore.createProvider({ store })
      const methods = ['createLock', 'createVerifier', 'createSyncService', 'resolveDatastorePath', 'resolveCachePath']
      for (const method of [...methods, 'registerNamespace', 'listNamespaces'])
        assert.equal(typeof provider[method as keyof typeof provider], 'function', method)
    },
  },
  {
    says: 'a configuration that cannot be meant is refused, what is wrong is named, and no secret is repeated',
    async holds({ datastore }) {
      for (const [config, names] of BAD) {
        const { success, error } = datastore.configSchema.safeParse(config)
        assert.equal(success, false, JSON.stringify(config))
        assert.throws(
          () => datastore.createProvider(config),
          (thrown: Error & { code?: string }) => {
            assert.equal(thrown.code, 'ERR_RUNLET_CONFIG')
            assert.match(thrown.message, names)
            assert.ok(!`${thrown.message}${thrown.stack}${error?.message}`.includes(SECRET), thrown.message)
            return true
          },
        )
      }
    },
  },
  {
    says: 'paths are resolved without asking the store: the cache is where swamp puts it, but a run has its own',
    async holds({ provider, folder }) {
      assert.equal(provider().resolveDatastorePath(folder), `${folder}/.swamp`)
      assert.equal(provider().resolveCachePath(folder), undefined)
      const caches = ['one', 'two', 'one'].map(run => provider({ run }).resolveCachePath(folder))
      assert.equal(typeof caches[0], 'string')
      assert.equal(caches[0], caches[2])
      assert.notEqual(caches[0], caches[1])
      assert.notEqual(provider({ run: 'one' }).resolveCachePath(`${folder}/other`), caches[0])
    },
  },
]
