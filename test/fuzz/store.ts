// A store with an object of every kind, made by the real code: what hostile writers then change.
import { parseNamespaceName, parsePath } from '../../lib/names.ts'
import type { Change } from '../../lib/namespace/change.ts'
import { compact } from '../../lib/namespace/compact.ts'
import { commitTransaction, createNamespace, openNamespace, type Transaction } from '../../lib/namespace/namespace.ts'
import { enqueue } from '../../lib/namespace/queue.ts'
import { type Namespace, Run } from '../../lib/runlet.ts'
import { DEFAULT_GRACE_MS } from '../../lib/store/grace.ts'
import { MemoryBucket as Bucket, type MemoryBucket } from '../../lib/store/memory/memory-store.ts'
import { World } from '../support/world.ts'
import type { Json } from './hostile.ts'

export type Objects = ReadonlyMap<string, Uint8Array>

/** `p` with an index of two levels, packs, a large value, history, locks and a queued intent; and its run `p/r`. */
export async function aStore(): Promise<Objects> {
  const world = new World({ seed: 7 })
  await world.run(async () => {
    const { store, objects, ambient } = world.client({ author: 'ada' })
    const small = openNamespace(objects, parseNamespaceName('p'), ambient, {
      maxRows: 8,
      maxBytes: 100_000,
      maxRefs: 4,
    })
    await createNamespace(small)
    const namespace = await store.namespace('p')
    await namespace.lock('deploy', () => undefined)
    const fill = (tx: Transaction) => {
      for (let i = 0; i < 120; i++) tx.put(`data/${String(i).padStart(3, '0')}`, `${i}`.repeat(1500).slice(0, 3000))
      tx.put('large', 'x'.repeat(10_000))
    }
    await commitTransaction(small, fill, { author: 'ada', rules: [], suffix: 'ada' }, {})
    await compact(small)
    for (let i = 0; i < 70; i++) await namespace.put('counter', `${i}`, { message: `count ${i}` })
    await namespace.delete('data/007')
    const run = await namespace.fork('r')
    await run.put('counter', 'theirs')
    await run.put('big', 'y'.repeat(5_000))
    await enqueue(small, anIntent)
    await run.release()
  })
  return objectsOf(world.bucket)
}

/**
 * `p` and `q`, each with a run and with what a sweep of them remembers and has listed: `p` and `p/r`, whose writers tests take to be
 * hostile, and `q` and `q/s`, who have no part in it.
 */
export async function aSweptStore(): Promise<Objects> {
  const world = new World({ seed: 11 })
  await world.run(async () => {
    const { store, ambient } = world.client({ author: 'ada' })
    const large = (text: string) => text.repeat(5_000)
    const opened: Namespace[] = []
    for (const [name, id] of [
      ['p', 'r'],
      ['q', 's'],
    ] as const) {
      const root = await store.namespace(name, { create: true })
      for (let i = 0; i < 70; i++) await root.put('counter', `${i}`, { message: `count ${i}` })
      await root.put('large', large('x'))
      await root.commit(tx => {
        for (let i = 0; i < 40; i++) tx.put(`data/${String(i).padStart(3, '0')}`, `${i}`.repeat(1_000))
      })
      const run = await root.fork(id)
      await run.put('big', large('y'))
      opened.push(root, run)
    }
    for (const round of [1, 2]) {
      // Until then a run is young, and not swept itself.
      await ambient.sleep(25 * DEFAULT_GRACE_MS)
      await store.sweep({ keepMs: 1_000 * DEFAULT_GRACE_MS })
      for (const one of opened) await one.put('big', large(`${round}`))
      for (const one of opened) await one.compact()
    }
    await store.sweep({ keepMs: 1_000 * DEFAULT_GRACE_MS })
    for (const one of opened) if (one instanceof Run) await one.release()
  })
  return objectsOf(world.bucket)
}

const row = { path: parsePath('queued'), at: 1, author: 'ada', seq: 0, in: parseNamespaceName('p') }
export const anIntent: Change = {
  id: 'abcdefgh-intent',
  since: 3,
  sinceFork: undefined,
  at: 1,
  author: 'ada',
  message: 'waits',
  sets: [
    { rows: [{ ...row, deleted: true }] },
    { files: [{ id: 'abcdefgh-file', level: 0, first: row.path, last: row.path, rows: 1, bytes: 9 }], count: 1 },
  ],
  rules: [{ glob: '**', policy: 'json-merge' }],
  suffix: 'r',
  fence: { name: 'deploy', token: 1 },
  origin: { run: parseNamespaceName('p/r'), fork: 'abcdefgh-fork', seq: 4 },
}

export const objectsOf = (bucket: MemoryBucket): Objects =>
  new Map([...bucket.objects].map(([key, { body }]) => [key, body]))

/** The same objects in a bucket of their own. */
export function aBucketOf(objects: Objects): MemoryBucket {
  const bucket = new Bucket()
  for (const [key, body] of objects) bucket.objects.set(key, { body, etag: bucket.nextEtag(), lastModified: 0 })
  return bucket
}

export const keysOf = (objects: Objects, part: string): string[] =>
  [...objects.keys()].filter(key => key.includes(part))

/** The JSON documents below such keys. */
export const documents = (objects: Objects, part: string): Json[] =>
  keysOf(objects, part).map(key => JSON.parse(Buffer.from(objects.get(key) as Uint8Array).toString()))
