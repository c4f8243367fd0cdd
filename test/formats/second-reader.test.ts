// That lib/FORMATS.md says enough: a reader made of that page alone finds in the golden store what the library finds.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Etag } from '../../lib/names.ts'
import { ROOT } from '../support/programs.ts'
import { World } from '../support/world.ts'
import { type Objects, readAll, readOne } from './second-reader.ts'

/** With nodes over shards, packs, folded runs, and a run that is open. */
const NAMESPACES = ['p', 'p/open', 'deep']

describe('a reader that knows the formats from their page alone', () => {
  const world = new World()
  const objects: Objects = key => {
    const object = world.bucket.objects.get(key)
    assert.ok(object, `there is no ${key}`)
    return object.body
  }

  before(async () => {
    const golden: Record<string, string> = JSON.parse(
      await readFile(join(ROOT, 'test', 'formats', 'golden-store.json'), 'utf8'),
    )
    for (const [key, text] of Object.entries(golden)) {
      const body = key.includes('/_/index/') ? gzipSync(text) : Buffer.from(text)
      world.bucket.objects.set(key, { body, etag: `golden-${key}` as Etag, lastModified: 0 })
    }
  })

  for (const name of NAMESPACES) {
    test(`lists of "${name}" what the library lists, each value and seq`, async () => {
      const theirs = new Map<string, { seq: number; value: string }>()
      await world.run(async () => {
        const namespace = await world.client().store.namespace(name)
        for await (const { path, seq } of namespace.list())
          theirs.set(path, { seq, value: Buffer.from((await namespace.get(path)) ?? []).toString() })
      })
      assert.ok(theirs.size > 10)
      const ours = [...readAll(objects, name)].map(([path, { seq, value }]) => {
        return [path, { seq, value: Buffer.from(value ?? []).toString() }] as const
      })
      assert.deepEqual(new Map(ours), theirs)
    })

    test(`finds each path of "${name}", and nothing at others`, () => {
      for (const [path, { value }] of readAll(objects, name)) assert.deepEqual(readOne(objects, name, path), value)
      for (const path of ['packed/00', 'row/99', 'zzz', '0']) assert.equal(readOne(objects, name, path), undefined)
    })
  }
})
