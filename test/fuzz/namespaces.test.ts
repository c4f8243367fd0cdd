// Whole stores in which one object is hostile: whatever is asked of them is answered, or refused with a typed error, in a number of
// requests that the store's size bounds; and what does not need the object goes on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Namespace } from '../../lib/runlet.ts'
import type { MemoryBucket } from '../../lib/store/memory/memory-store.ts'
import { drain } from '../bad-input/support.ts'
import { World } from '../support/world.ts'
import { changedText, damagedBytes, hostileBytes, type Json } from './hostile.ts'
import { aBucketOf, aStore, documents, type Objects } from './store.ts'
import { assertUnpolluted, runs, triedLater } from './tried.ts'

const objects = await aStore()
/** More than anything that is asked of so small a store needs. */
const MAX_REQUESTS = 3_000

function hostileForm(key: string, body: Uint8Array): fc.Arbitrary<Uint8Array> {
  if (/\/(packs|values)\//.test(key)) return damagedBytes([body])
  if (!key.includes('/index/')) return hostileBytes(documents(objects, key))
  const lines: Json[] = gunzipSync(body)
    .toString()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  const parts = fc.tuple(fc.nat(lines.length - 1), changedText(lines)).map(([at, text]) => {
    return gzipSync(`${lines.map((line, i) => (i === at ? text : JSON.stringify(line))).join('\n')}\n`, { level: 1 })
  })
  return fc.oneof(parts, damagedBytes([body]))
}

async function* nothing(): AsyncGenerator<never> {}

/** The store with one object changed, or with the content of another. */
const hostileStores: fc.Arbitrary<[key: string, objects: Objects]> = fc
  .constantFrom(...objects)
  .chain(([key, body]) => {
    const exchanged = fc.constantFrom(...objects.values())
    const forms = fc.oneof({ weight: 6, arbitrary: hostileForm(key, body) }, { weight: 1, arbitrary: exchanged })
    return forms.map((form): [string, Objects] => [key, new Map([...objects, [key, form]])])
  })

/** Does it in a process of its own, whose requests are counted. */
async function inProcess(bucket: MemoryBucket, work: (open: (name: string) => Promise<Namespace>) => Promise<void>) {
  const world = new World()
  for (const [key, object] of bucket.objects) world.bucket.objects.set(key, object)
  await world.run(async () => {
    let left = MAX_REQUESTS
    const weather = () => {
      if (left-- <= 0) throw new Error(`more than ${MAX_REQUESTS} requests`)
      return 'pass' as const
    }
    const { store } = world.client({ weather })
    await work(name => store.namespace(name))
    await store.close()
  })
}

test('reading a store in which one object is hostile gives what is there, or a typed error', async () => {
  await fc.assert(
    fc.asyncProperty(hostileStores, async ([, hostile]) => {
      await inProcess(aBucketOf(hostile), async open => {
        for (const name of ['p', 'p/r']) {
          const namespace = await triedLater(() => open(name))
          if (!namespace) continue
          const paths = new Set<string>()
          const list = async () => {
            for await (const { path } of namespace.list()) {
              assert.ok(!paths.has(path), `twice: ${path}`)
              paths.add(path)
            }
          }
          await triedLater(list)
          for (const path of [...paths].slice(0, 4)) await triedLater(() => namespace.get(path))
          await triedLater(() => namespace.get('data/050'))
          await triedLater(async () => drain((await namespace.stream('large')) ?? nothing()))
          await triedLater(() => drain(namespace.log()))
          await triedLater(() => namespace.runs())
          await triedLater(() => namespace.locks())
        }
      })
      assertUnpolluted()
    }),
    runs('namespaces, one object'),
  )
})

test('writing to a store in which one object is hostile succeeds and is seen, or is refused with a typed error', async () => {
  await fc.assert(
    fc.asyncProperty(hostileStores, async ([key, hostile]) => {
      await inProcess(aBucketOf(hostile), async open => {
        const namespace = await triedLater(() => open('p'))
        if (!namespace) return
        const written = await triedLater(() => namespace.put('new', 'new'))
        if (written !== undefined) {
          const seen = await triedLater(() => namespace.get('new'))
          assert.ok(seen === undefined || Buffer.from(seen).toString() === 'new', `lost what was put beside ${key}`)
        }
        await triedLater(() => namespace.compact())
        await triedLater(async () => {
          const run = await namespace.resume('r')
          await run.put('of the run', 'x')
          await run.fold()
        })
        await triedLater(async () => (await namespace.fork('s')).discard())
      })
    }),
    runs('namespaces, written to'),
  )
})
