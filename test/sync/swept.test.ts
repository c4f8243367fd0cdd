// A pull that is slower than a sweep: what the head that it read refers to is gone, and it goes on with the newest one.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { MissingObjectError } from '../../lib/errors.ts'
import { Store } from '../../lib/runlet.ts'
import { MemoryBucket, MemoryStore, type MemoryStoreOptions } from '../../lib/store/memory/memory-store.ts'
import { MeteredStore } from '../../lib/store/metered-store.ts'
import { aFolder, files, write } from './support.ts'

const LARGE = 5000

/** A bucket with a writer, and a puller before whose first look at an object of that kind something happens. */
async function aPullerBehind(kind: 'index' | 'values', meanwhile: (writer: Writer) => Promise<unknown>) {
  const bucket = new MemoryBucket()
  let waits = false
  const client = (options: MemoryStoreOptions = {}) =>
    new Store(new MeteredStore(new MemoryStore({ bucket, ...options }), systemAmbient), systemAmbient, 'me')
  const writer = await client().namespace('n', { create: true })
  const sweep = (keep: ReadonlySet<string>) => {
    for (const key of bucket.objects.keys())
      if (/_[/](index|values|packs)[/]/.test(key) && keep.has(key)) bucket.objects.delete(key)
  }
  const slow = client({
    schedule: async ({ operation, key, phase }) => {
      if (waits && operation === 'get' && phase === 'before' && key.includes(`/_/${kind}/`)) {
        waits = false
        const before = new Set(bucket.objects.keys())
        await meanwhile(writer)
        sweep(before)
      }
      return 'pass'
    },
  })
  const copy = await (await slow.namespace('n')).workingCopy(aFolder())
  const wait = () => {
    waits = true
  }
  return { writer, copy, wait, met: () => !waits, sweepAll: () => sweep(new Set(bucket.objects.keys())) }
}

type Writer = Awaited<ReturnType<Store['namespace']>>

const putAll = (writer: Writer, value: string) =>
  writer.commit(tx => {
    for (let i = 0; i < 40; i++) tx.put(`f${i}`, value.repeat(i % 2 ? LARGE : 300))
  })

describe('a pull whose objects were swept between the head and their turn', () => {
  for (const kind of ['index', 'values'] as const) {
    test(`brings what the newer head says: ${kind}`, async () => {
      const { writer, copy, wait, met } = await aPullerBehind(kind, async namespace => {
        await putAll(namespace, 'new')
        await namespace.delete('f3')
        await namespace.compact()
      })
      await putAll(writer, 'old')
      await writer.compact()
      wait()
      const { seq, conflicts } = await copy.pull()
      assert.ok(met())
      assert.equal(seq, 3)
      assert.deepEqual(conflicts, [])
      const found = await files(copy.directory)
      assert.equal(Object.keys(found).length, 39)
      assert.ok(Object.values(found).every(value => value.startsWith('new')))
      assert.equal((await copy.push()).put, 0)
      await copy.dispose()
    })
  }

  test('keeps what was edited here meanwhile, and tells of it', async () => {
    const { writer, copy, wait, met } = await aPullerBehind('values', namespace => putAll(namespace, 'newer'))
    await putAll(writer, 'old')
    await copy.pull()
    await putAll(writer, 'new')
    await write(copy.directory, { f1: 'mine' })
    wait()
    const { conflicts } = await copy.pull()
    assert.ok(met())
    assert.deepEqual(conflicts, ['f1'])
    const found = await files(copy.directory)
    assert.equal(found.f1, 'mine')
    assert.ok(found.f3?.startsWith('newer'))
    await copy.dispose()
  })

  test('fails when there is no newer head: then something was lost', async () => {
    const { writer, copy, sweepAll } = await aPullerBehind('values', async () => undefined)
    await putAll(writer, 'old')
    sweepAll()
    await assert.rejects(copy.pull(), MissingObjectError)
    await copy.dispose()
  })

  test('so does the fetch of one file that was left out', async () => {
    const { writer, copy, wait, met } = await aPullerBehind('values', namespace => putAll(namespace, 'newer'))
    await putAll(writer, 'old')
    await copy.pull({ skip: path => path === 'f3' })
    await putAll(writer, 'new')
    wait()
    assert.equal(await copy.fetch('f3'), true)
    assert.ok(met())
    assert.ok((await files(copy.directory)).f3?.startsWith('newer'))
    await copy.dispose()
  })
})
