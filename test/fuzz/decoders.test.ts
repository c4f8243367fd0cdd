// The decoders of all that lies in a store: whatever bytes they are given, they give what can be written and read again, or an error
// that names the object.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { z } from 'zod'
import { systemAmbient } from '../../lib/ambient.ts'
import { leaseSchema } from '../../lib/lease/record.ts'
import { parseNamespaceName } from '../../lib/names.ts'
import { storedChangeSchema } from '../../lib/namespace/change.ts'
import { forkSchema, type Head, headSchema } from '../../lib/namespace/head.ts'
import { readHistory } from '../../lib/namespace/history.ts'
import { decodeIndexFile, encodeIndexFile } from '../../lib/namespace/index-file.ts'
import { openNamespace } from '../../lib/namespace/namespace.ts'
import { readQueue } from '../../lib/namespace/queue.ts'
import { decodeJson, encodeJson } from '../../lib/store/json-object.ts'
import { MemoryBucket, MemoryStore } from '../../lib/store/memory/memory-store.ts'
import { damagedBytes, hostileBytes, type Json } from './hostile.ts'
import { aStore, documents, keysOf } from './store.ts'
import { type CASES, runs, tried, triedLater } from './tried.ts'

const KEY = 'ns/p/_/x'
const objects = await aStore()
const intents = documents(objects, '/queue/') as { [key: string]: Json }[]
const kinds: [of: keyof typeof CASES, schema: z.ZodType, documents: Json[]][] = [
  ['heads', headSchema, documents(objects, '/head')],
  ['pins', forkSchema, documents(objects, '/forks/')],
  ['leases', leaseSchema, documents(objects, '/lease/')],
  ['changes', storedChangeSchema, intents.map(({ change }) => change as Json)],
]

for (const [of, schema, valid] of kinds) {
  test(`${of} are refused by name, or come back as they are`, () => {
    for (const document of valid) assert.ok(decodeJson(KEY, encodeJson(document), schema))
    fc.assert(
      fc.property(hostileBytes(valid), body => {
        const found = tried(() => decodeJson(KEY, body, schema), KEY)
        if (found !== undefined) assert.deepEqual(decodeJson(KEY, encodeJson(found), schema), found)
      }),
      runs(of),
    )
  })
}

/** A store in which a key holds these bytes. */
function storeWith(key: string, body: Uint8Array): MemoryStore {
  const bucket = new MemoryBucket()
  bucket.objects.set(key, { body, etag: bucket.nextEtag(), lastModified: 0 })
  return new MemoryStore({ bucket })
}

test('a history whose segments are hostile is read to an end, or refused by name', async () => {
  const [head] = documents(objects, 'ns/p/_/head') as unknown as Head[]
  const key = `ns/p/_/history/${head?.history?.id}`
  await fc.assert(
    fc.asyncProperty(hostileBytes(documents(objects, key)), async body => {
      let left = 1_000
      const read = async () => {
        for await (const _ of readHistory(storeWith(key, body), head as Head)) assert.ok(left-- > 0, 'without end')
      }
      await triedLater(read).catch(error => assert.fail(error))
    }),
    runs('history segments'),
  )
})

test('a queue with hostile intents is read, without those that are none', async () => {
  const key = 'ns/p/_/queue/abcdefgh-intent'
  await fc.assert(
    fc.asyncProperty(hostileBytes(intents), async body => {
      const context = openNamespace(storeWith(key, body), parseNamespaceName('p'), systemAmbient)
      for (const { change } of await readQueue(context)) assert.equal(typeof change.id, 'string')
    }),
    runs('queued intents'),
  )
})

const files = keysOf(objects, '/index/').map(key => objects.get(key) as Uint8Array)

function decoded(body: Uint8Array): void {
  const content = tried(() => decodeIndexFile(KEY, body), KEY)
  if (content) assert.deepEqual(decodeIndexFile(KEY, encodeIndexFile(content)), content)
}

test('index files whose lines are hostile are refused by name, or come back as they are', () => {
  const lists = files.slice(0, 12).map(body =>
    gunzipSync(body)
      .toString()
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Json),
  )
  const lines = hostileBytes(lists).map(body => {
    const text = body.toString()
    try {
      const list = JSON.parse(text)
      if (Array.isArray(list)) return list.map(line => `${JSON.stringify(line)}\n`).join('')
    } catch {
      return text
    }
    return text
  })
  fc.assert(
    fc.property(lines, text => decoded(gzipSync(text, { level: 1 }))),
    runs('index files, their lines'),
  )
})

test('index files whose bytes are hostile are refused by name, or come back as they are', () => {
  const several = fc.tuple(fc.constantFrom(...files), fc.constantFrom(...files)).map(members => Buffer.concat(members))
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: damagedBytes(files) }, several), decoded),
    runs('index files, their bytes'),
  )
})

test('a gigabyte in a megabyte is refused in the memory of what an index file may be', () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, '\n'))
  const members = Buffer.concat(Array.from({ length: 16 }, () => bomb))
  const before = process.memoryUsage().rss
  assert.equal(
    tried(() => decodeIndexFile(KEY, members), KEY),
    undefined,
  )
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 100 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MB`)
})
