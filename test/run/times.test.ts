// What heads and leases tell people of when things happened. Nothing rests on it, and stores from before do not have it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { OpenChildrenError } from '../../lib/errors.ts'
import type { Etag } from '../../lib/names.ts'
import { ROOT } from '../support/programs.ts'
import { contents, World } from '../support/world.ts'
import { inWorld, parentIn } from './support.ts'

describe('the times of a run', () => {
  test('are when it was forked, first written to, sealed and folded, and how long its fold waited', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      const times = [client.ambient.now()]
      const run = await parent.fork('r')
      const pass = async () => {
        await client.ambient.sleep(60_000)
        times.push(client.ambient.now())
      }
      await pass()
      await run.put('a', '1')
      await pass()
      await run.put('a', '2')
      client.requests.length = 0
      await run.fold()
      const { createdAt, firstAt, sealedAt, endedAt, folded } = world.peek('ns/p/r/_/head')
      const since = [createdAt, firstAt, sealedAt, endedAt].map((time, i) => time - (times[Math.min(i, 2)] as number))
      assert.ok(
        since.every(ms => ms >= 0 && ms < 1000),
        since.join(),
      )
      assert.ok(sealedAt < endedAt)
      assert.ok(folded.waitedMs >= 0)
    }))

  test('cost no request', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      const run = await parent.fork('r')
      await run.put('a', '1')
      client.requests.length = 0
      const { requests } = await run.fold()
      assert.equal(client.requests.length, requests)
      assert.ok(requests <= 12, String(requests))
    }))

  test('are when it was discarded', () =>
    inWorld(async world => {
      const client = world.client()
      const run = await (await client.store.namespace('p', { create: true })).fork('r')
      await client.ambient.sleep(60_000)
      await run.discard()
      const { createdAt, endedAt, firstAt } = world.peek('ns/p/r/_/head')
      assert.ok(endedAt - createdAt >= 60_000)
      assert.equal(firstAt, undefined)
    }))

  test('are not there of an end that was taken back', () =>
    inWorld(async world => {
      const parent = await parentIn(world)
      const run = await parent.fork('r')
      await run.put('a', '1')
      await run.fork('below')
      await assert.rejects(run.fold(), OpenChildrenError)
      const { state, sealedAt } = world.peek('ns/p/r/_/head')
      assert.deepEqual([state, sealedAt], ['open', undefined])
    }))
})

describe('a lease', () => {
  test('tells of its last eight holdings, newest first, and which of them were never given back', () =>
    inWorld(async world => {
      const client = world.client()
      const parent = await client.store.namespace('p', { create: true })
      for (let i = 0; i < 10; i++)
        await parent.lock('deploy', () => client.ambient.sleep(i * 1000), { label: `holder ${i}` })
      const dying = world.client()
      const held = (await dying.store.namespace('p')).lock('deploy', () => new Promise(() => undefined), {
        label: 'dying',
        ttlMs: 5000,
      })
      void held.catch(() => undefined)
      await client.ambient.sleep(1000)
      dying.kill()
      await parent.lock('deploy', () => undefined, { waitMs: 60_000, label: 'heir' })
      const [lock] = await parent.locks()
      assert.deepEqual(
        lock?.held.map(({ label }) => label),
        ['heir', 'dying', 'holder 9', 'holder 8', 'holder 7', 'holder 6', 'holder 5', 'holder 4'],
      )
      assert.equal(lock?.held[1]?.heldMs, undefined)
      assert.ok((lock?.held[0]?.waitedMs ?? 0) > 3000)
      assert.ok((lock?.held[2]?.heldMs ?? 0) >= 9000)
    }))
})

describe('a store from before there were times', () => {
  test('opens, and its runs and locks are told of and folded', async () => {
    const world = new World()
    const golden = join(ROOT, 'test', 'formats', 'golden-store.json')
    const texts: Record<string, string> = JSON.parse(await readFile(golden, 'utf8'))
    for (const [key, text] of Object.entries(texts)) {
      const old = /\/_\/(head|lease\/.*)$/.test(key) ? withoutTimes(text) : text
      const body = key.includes('/_/index/') ? gzipSync(old) : Buffer.from(old)
      world.bucket.objects.set(key, { body, etag: `golden-${key}` as Etag, lastModified: 0 })
    }
    await world.run(async () => {
      const parent = await world.client().store.namespace('p')
      assert.deepEqual(
        (await parent.runs()).map(({ id }) => id),
        ['open'],
      )
      assert.ok((await parent.locks()).every(({ held }) => held.length === 0))
      await (await parent.resume('open')).fold()
      assert.equal((await contents(parent))['in-open.txt'], 'open\n')
    })
  })
})

function withoutTimes(text: string): string {
  const { firstAt: _, sealedAt: __, endedAt: ___, held: ____, ...document } = JSON.parse(text)
  if (document.folded) delete document.folded.waitedMs
  return JSON.stringify(document)
}
