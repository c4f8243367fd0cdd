// A sweep of a store in which one object is hostile: what a sweep remembers, a list of what is to be deleted, or anything of a run. It has
// every writer's rights, so it must not be talked into using them: of namespaces that the hostile writer has no say in nothing is deleted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { systemAmbient } from '../../lib/ambient.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { readGarbage } from '../../lib/run/sweep/garbage-list.ts'
import { orphansRegister, seenRegister } from '../../lib/run/sweep/snapshots.ts'
import { DEFAULT_GRACE_MS } from '../../lib/store/grace.ts'
import { MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { Decoder } from '../simulation/decode.ts'
import { World } from '../support/world.ts'
import { hostileBytes, type Json } from './hostile.ts'
import { aBucketOf, aSweptStore, documents, keysOf, type Objects } from './store.ts'
import { runs, triedLater } from './tried.ts'

const objects = await aSweptStore()
/** More than a sweep of so small a store needs. */
const MAX_REQUESTS = 5_000

/** The namespace `p` of a store in which one key holds these bytes. */
function contextWith(key: string, body: Uint8Array) {
  const bucket = new MemoryBucket()
  bucket.objects.set(key, { body, etag: bucket.nextEtag(), lastModified: 0 })
  return openNamespace(new MemoryStore({ bucket }), parseNamespaceName('p'), systemAmbient)
}

test('hostile lists of garbage are refused by name, or read', async () => {
  const key = 'ns/p/_/garbage/abcdefgh-list~1~1'
  await fc.assert(
    fc.asyncProperty(hostileBytes(documents(objects, '/garbage/')), async body => {
      const context = contextWith(key, body)
      await triedLater(() => readGarbage(context, key), key)
    }),
    runs('garbage lists'),
  )
})

test('hostile notes of a sweep are refused by name, or can be written and read again', async () => {
  const registers = [
    ['ns/p/_/sweep/seen', seenRegister],
    ['ns/p/_/sweep/orphans', orphansRegister],
  ] as const
  for (const [key, register] of registers) {
    await fc.assert(
      fc.asyncProperty(hostileBytes(documents(objects, key)), async body => {
        const notes = register(contextWith(key, body))
        const found = await triedLater<{ value: object; etag: never } | undefined>(() => notes.read() as never, key)
        if (!found) return
        assert.ok((await notes.swap(found, found.value as never)).won)
        assert.ok(await notes.read())
      }),
      runs('notes of a sweep'),
    )
  }
})

interface Hostile {
  /** Whose writer is hostile. */
  readonly home: string
  readonly objects: Objects
}

/** What a hostile writer of `p`, or only of the run `p/r`, can have put for a sweep to read. */
const changedObjects: fc.Arbitrary<Hostile> = fc
  .constantFrom(
    ...[...objects.keys()].filter(key => /^ns\/p\/_\/(garbage|sweep)\/|^ns\/p\/r\/_\/(?!index|packs|values)/.test(key)),
  )
  .chain(key =>
    hostileBytes([...documents(objects, key), ...documents(objects, 'ns/q/_/head')]).map(body => {
      return { home: homeOf(key), objects: new Map([...objects, [key, body]]) }
    }),
  )

const homeOf = (key: string): string => key.slice('ns/'.length, key.indexOf('/_/'))

/** Objects of everybody, as they stand on lists. */
const items: Json[] = [...objects].flatMap(([key, body]) => {
  const [, home = '', kind, id = ''] = /^ns\/(.+)\/_\/(index|values|packs|history)\/(.+)$/.exec(key) ?? []
  return kind ? [{ kind, in: home, id, bytes: body.length }] : []
})

const forgedLists: fc.Arbitrary<Hostile> = fc
  .record({
    home: fc.constantFrom('p', 'p/r'),
    items: fc.array(fc.constantFrom(...items), { maxLength: 40 }),
    path: fc.constantFrom(undefined, undefined, 'data/050', 'large', 'nowhere'),
    seq: fc.constantFrom(0, 3, 1_000_000),
    since: fc.constantFrom(undefined, 0, 1_000_000),
    ended: fc.subarray(['q', 'q/s', 'p', 'p/r', 'p/r/x']),
    end: fc.constantFrom('', '~ripe'),
  })
  .map(({ home, items: chosen, path, end, ...about }) => {
    const list = { format: 1, ...about, items: chosen.map(item => ({ ...(item as object), path })) }
    const key = `ns/${home}/_/garbage/abcdefgh-forged~${chosen.length}~1${end}`
    return { home, objects: new Map([...objects, [key, Buffer.from(JSON.stringify(list))]]) }
  })

/** Everything that an open namespace reaches by itself. */
function reachedBy(bucket: MemoryBucket, name: string): string[] {
  const decoder = new Decoder(bucket)
  const head = decoder.document(`ns/${name}/_/head`)
  const keys = [`ns/${name}/_/head`, ...decoder.reached(head)]
  for (let { history } = head; history; ) {
    keys.push(`ns/${name}/_/history/${history.id}`)
    history = decoder.document(`ns/${name}/_/history/${history.id}`).before
  }
  return keys
}

const honest = aBucketOf(objects)
const ofQ = [...reachedBy(honest, 'q'), ...reachedBy(honest, 'q/s'), ...keysOf(objects, 'ns/q/_/forks/')]
const ofP = reachedBy(honest, 'p')

test('a sweep of a store in which one object is hostile deletes nothing of those who have no part in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(changedObjects, forgedLists), async hostile => {
      const world = new World()
      await world.run(async () => {
        await world.time.ambient().sleep(200 * DEFAULT_GRACE_MS)
        // So old that none of the runs is young any more, and none was given up.
        const lastModified = world.time.ambient().now() - 50 * DEFAULT_GRACE_MS
        for (const [key, object] of aBucketOf(hostile.objects).objects)
          world.bucket.objects.set(key, { ...object, lastModified })
        let left = MAX_REQUESTS
        const weather = () => {
          if (left-- <= 0) throw new Error(`more than ${MAX_REQUESTS} requests`)
          return 'pass' as const
        }
        const { store, ambient } = world.client({ weather })
        for (let sweeps = 0; sweeps < 2; sweeps++) {
          await triedLater(() => store.sweep({ keepMs: 1_000 * DEFAULT_GRACE_MS }))
          await ambient.sleep(2 * DEFAULT_GRACE_MS)
        }
        await store.close()
      })
      const gone = [...ofQ, ...(hostile.home === 'p/r' ? ofP : [])].filter(key => !world.bucket.objects.has(key))
      assert.deepEqual(gone, [])
    }),
    runs('sweeps'),
  )
})
