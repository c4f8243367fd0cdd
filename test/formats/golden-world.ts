// A small store with an object of every kind, made on virtual time from one seed: the same bytes each time.

import { hostname } from 'node:os'
import { gunzipSync, gzipSync } from 'node:zlib'
import { type Etag, parseNamespaceName, parsePath } from '../../lib/names.ts'
import { compact } from '../../lib/namespace/compact.ts'
import { commitTransaction, createNamespace, openNamespace, put } from '../../lib/namespace/namespace.ts'
import { enqueue } from '../../lib/namespace/queue.ts'
import type { Row } from '../../lib/namespace/row.ts'
import { signFold } from '../../lib/run/pin.ts'
import { type Client, World } from '../support/world.ts'

export async function makeGoldenStore(): Promise<World> {
  const world = new World({ seed: 42 })
  await world.run(async () => {
    const client = world.client({ author: 'ada@golden' })
    const parent = await client.store.namespace('p', { create: true })
    await parent.put('small.txt', 'hello\n', { message: 'a message' })
    await parent.put('large.bin', 'x'.repeat(5_000))
    await parent.commit(tx => {
      for (let i = 0; i < 40; i++) tx.put(`packed/${String(i).padStart(2, '0')}`, `${i}`.repeat(1_000).slice(0, 1_000))
      tx.put('tool', '#!/bin/sh\n')
    })
    await parent.delete('packed/00')
    await parent.compact()
    const folded = await parent.fork('folded', { onConflict: { 'log/**': 'union-lines' }, label: 'golden' })
    await folded.put('from-run.txt', 'run\n')
    await folded.fold({ message: 'a fold' })
    for (let i = 0; i < 70; i++) await parent.put('counter', String(i))
    await parent.idle()
    const open = await parent.fork('open', { label: 'golden' })
    await open.put('in-open.txt', 'open\n')
    await open.release()
    await signOpen(client)
    await sweepTwice(client)
    await makeDeepIndex(client)
    await parent.lock('deploy', async lock => parent.put('deployed', 'v7', { lock }), { label: 'golden' })
    await makeImported(client)
  })
  return world
}

/** A fold of the open run that was killed before its seal. */
async function signOpen({ objects, ambient }: Client): Promise<void> {
  const [parent, run] = ['p', 'p/open'].map(name => openNamespace(objects, parseNamespaceName(name), ambient))
  if (parent && run) await signFold(parent, (await run.head.refresh()).value)
}

const TWO_HOURS_MS = 7_200_000

/** The first one notes what there is, the second one empties the folded run and lists a value that was deleted meanwhile. */
async function sweepTwice({ store, ambient }: Client): Promise<void> {
  const parent = await store.namespace('p')
  await parent.put('gone.bin', 'y'.repeat(5_000))
  await store.sweep()
  await parent.delete('gone.bin')
  await ambient.sleep(TWO_HOURS_MS)
  await store.sweep()
}

/** A namespace with small index files, so that it has nodes over its shards, and a change that waits in its queue. */
async function makeDeepIndex({ objects, ambient }: Client): Promise<void> {
  const bounds = { maxRows: 4, maxBytes: 100_000, maxRefs: 8 }
  const deep = openNamespace(objects, parseNamespaceName('deep'), ambient, bounds)
  const signing = { author: 'ada@golden', rules: [], suffix: 'golden' }
  await createNamespace(deep)
  await commitTransaction(
    deep,
    tx => {
      for (let i = 0; i < 60; i++) tx.put(`row/${String(i).padStart(2, '0')}`, `${i}`)
    },
    signing,
    {},
  )
  await put(deep, { path: parsePath('row/07'), value: 'newer' }, signing, {})
  await compact(deep)
  const { value: head } = await deep.head.current()
  await enqueue(deep, {
    id: 'golden-intent',
    since: head.seq,
    sinceFork: undefined,
    at: 1,
    author: 'ada@golden',
    sets: [
      { rows: [{ path: parsePath('row/07'), seq: 0, in: deep.name, at: 1, author: 'ada@golden', deleted: true }] },
    ],
    rules: [],
    suffix: 'golden',
  })
}

/** A namespace whose rows refer to objects of others: in its head, in an index file and in a pin. */
async function makeImported({ objects, ambient, store }: Client): Promise<void> {
  const imported = openNamespace(objects, parseNamespaceName('imported'), ambient)
  const signing = { author: 'ada@golden', rules: [], suffix: 'golden' }
  await createNamespace(imported)
  const external = (path: string, size: number, about: object) => {
    const key = `swamp/${path}`
    return {
      path: parsePath(path),
      seq: 0,
      in: imported.name,
      at: 7,
      author: 'ada@golden',
      size,
      ...about,
      external: [key, `etag-of-${path}` as Etag],
    } satisfies Row
  }
  await imported.committer.submit([external('data/a', 6, {})], signing)
  await imported.committer.idle()
  await compact(imported)
  await imported.committer.submit([external('data/b', 2, { sha256: 'b'.repeat(64) })], signing)
  await imported.committer.idle()
  const run = await (await store.namespace('imported')).fork('open', { label: 'golden' })
  await run.release()
}

/** Every object as text by its key; what depends on this machine is replaced. */
export function textsOf(world: World): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const key of world.keys()) texts[key] = plain(key, Buffer.from(world.bucket.objects.get(key)?.body ?? []))
  return texts
}

/** A world whose bucket has what such a file holds, put at that time of the store's clock. */
export function worldOf(texts: Readonly<Record<string, string>>, putAt = 0): World {
  const world = new World()
  for (const [key, text] of Object.entries(texts)) {
    const body = key.includes('/_/index/') ? gzipSync(text) : Buffer.from(text)
    world.bucket.objects.set(key, { body, etag: `golden-${key}` as Etag, lastModified: putAt })
  }
  return world
}

function plain(key: string, body: Buffer): string {
  const text = (key.includes('/_/index/') ? gunzipSync(body) : body).toString('utf8')
  return text.replaceAll(`"host":"${hostname()}"`, '"host":"HOST"').replaceAll(`"pid":${process.pid}`, '"pid":1')
}
