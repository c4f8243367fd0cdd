// A store that tells times in whole seconds, as S3 does in its listings, and files that are written in the second of the index.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GetOptions, ListOptions, ObjectStore } from '../../../lib/store/object-store.ts'
import type { Client } from '../../support/world.ts'
import { inSwampWorld, type SwampWorld } from './import-world.ts'

const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000

/** The same store, as one that has whole seconds. */
function inWholeSeconds(store: ObjectStore): ObjectStore {
  const coarse = {
    async get(key: string, options?: GetOptions) {
      const answer = await store.get(key, options)
      return answer.status === 'found' ? { ...answer, lastModified: seconds(answer.lastModified) } : answer
    },
    async *list(options: ListOptions) {
      for await (const entry of store.list(options))
        yield entry.kind === 'object' ? { ...entry, lastModified: seconds(entry.lastModified) } : entry
    },
  }
  return new Proxy(store, {
    get(target, name) {
      const own = (coarse as Record<string | symbol, unknown>)[name] ?? Reflect.get(target, name, target)
      return typeof own === 'function' ? own.bind(target) : own
    },
  })
}

function aCoarseClient(world: SwampWorld): Client {
  const client = world.aClient()
  return { ...client, objects: inWholeSeconds(client.objects) }
}

/** Pushes two files, the index in the middle of a second. */
async function pushed(world: SwampWorld): Promise<Client> {
  const { ambient } = world.client
  await world.swamp.upload({ 'data/a/raw': 'old' })
  await ambient.sleep(5_200 - (ambient.now() % 1000))
  await world.swamp.push({ 'data/b/raw': 'b' })
  return aCoarseClient(world)
}

describe('where times have whole seconds', () => {
  for (const value of ['new', 'of another size']) {
    test(`a file overwritten with "${value}" in the second of the index is what is imported, its hash unknown`, () =>
      inSwampWorld({}, async world => {
        const client = await pushed(world)
        await world.client.ambient.sleep(500)
        await world.swamp.upload({ 'data/a/raw': value })
        assert.equal((await world.import({}, client)).put, 2)
        assert.deepEqual(await world.contents(), { 'data/a/raw': value, 'data/b/raw': 'b' })
        await world.client.ambient.sleep(2_000)
        await world.swamp.publish()
        await world.import({}, client)
        const entry = await (await world.namespace()).stat('data/a/raw')
        assert.equal(entry?.sha256, world.swamp.entries.get('data/a/raw')?.sha256)
      }))
  }

  test('a file from a second before is known by the hash of the index', () =>
    inSwampWorld({}, async world => {
      await world.import({}, await pushed(world))
      const namespace = await world.namespace()
      assert.equal((await namespace.stat('data/a/raw'))?.sha256, world.swamp.entries.get('data/a/raw')?.sha256)
      assert.equal((await namespace.stat('data/b/raw'))?.sha256, undefined)
    }))
})
