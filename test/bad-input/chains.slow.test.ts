// Stored objects that name one another: a pin its parent's pin, a history segment the one before, an index node its children. A
// hostile writer can make them lead back to themselves, or fan out without end; whoever reads them must come to an end, with an error
// that names the object.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { CorruptObjectError } from '../../lib/errors.ts'
import { parsePath } from '../../lib/names.ts'
import type { IndexRef } from '../../lib/namespace/head.ts'
import { encodeIndexFile } from '../../lib/namespace/index-file.ts'
import { forkKey } from '../../lib/namespace/keys.ts'
import type { World } from '../support/world.ts'
import { aNamespace, assertRefused, drain, edit, freshly, inWorld, overwrite } from './support.ts'

const HEAD = 'ns/p/_/head'
const corrupt = (key: string, problem: RegExp) => ({
  type: CorruptObjectError,
  code: 'ERR_RUNLET_CORRUPT_OBJECT',
  says: [RegExp(`^stored object "${key}"`), problem],
})

/** A run with its pin, and the key of that. */
async function aRun(world: World) {
  const parent = await aNamespace(world)
  const run = await parent.fork('r')
  await run.put('x', '1')
  const [pin = ''] = world.keys('ns/p/_/forks/')
  return { pin, reopened: () => world.client().store.namespace('p/r') }
}

describe('a base', () => {
  test('that leads back to its own namespace is refused, and not followed for ever', () =>
    inWorld(async world => {
      await aNamespace(world)
      const fork = 'abcdefgh-fork'
      const base = { namespace: 'p', seq: 0, fork }
      const key = forkKey('p' as never, { seq: 0, child: 'p', id: fork })
      const { layers } = world.peek(HEAD)
      const pin = { format: 1, write: 'w', fork, child: 'p', namespace: 'p', seq: 0, at: 0, layers, base }
      await overwrite(world, key, JSON.stringify(pin))
      await edit(world, HEAD, head => ({ ...head, base }))
      await assertRefused(world.bucket, () => freshly(world), corrupt(HEAD, /its base is not that of its parent/))
    }))

  test('of a pin that leads back to that pin is refused, and not followed for ever', () =>
    inWorld(async world => {
      const { pin, reopened } = await aRun(world)
      const { base } = world.peek('ns/p/r/_/head')
      await edit(world, pin, document => ({ ...document, namespace: 'p/r', base }))
      const namespace = await reopened()
      await assertRefused(world.bucket, () => drain(namespace.list()), corrupt(pin, /its child is none of the parent/))
    }))

  test('whose pin is another fork is refused', () =>
    inWorld(async world => {
      const { pin, reopened } = await aRun(world)
      await edit(world, pin, document => ({ ...document, child: 'p/s' }))
      const namespace = await reopened()
      const refusal = corrupt(pin, /is not the pin that "p\/r" was forked with/)
      await assertRefused(world.bucket, () => namespace.get('tail'), refusal)
    }))
})

describe('a history', () => {
  for (const [why, change] of [
    [
      'that leads back to itself',
      (segment: Document, id: string) => ({ ...segment, before: { id, to: last(segment) } }),
    ],
    ['that goes up', (segment: Document) => ({ ...segment, commits: segment.commits.toReversed() })],
    ['that ends elsewhere', (segment: Document) => ({ ...segment, commits: segment.commits.slice(0, -1) })],
  ] as const) {
    test(`${why} is refused`, () =>
      inWorld(async world => {
        const namespace = await aNamespace(world)
        for (let i = 0; i < 80; i++) await namespace.put('tail', String(i), { message: `${i}` })
        const [key = ''] = world.keys('ns/p/_/history/')
        await edit(world, key, segment => change(segment as never, key.slice(key.lastIndexOf('/') + 1)))
        const reopened = await freshly(world)
        const refusal = corrupt(key, /does not hold the commits that it should/)
        await assertRefused(world.bucket, () => drain(reopened.log()), refusal)
      }))
  }
})

interface Document {
  readonly commits: readonly { seq: number }[]
}
const last = ({ commits }: Document): number => commits.at(-1)?.seq ?? 0

describe('an index', () => {
  const refTo = (id: string, level: number, first: string, last = first): IndexRef => {
    return { id, level, first: parsePath(first), last: parsePath(last), rows: 1, bytes: 1 }
  }
  const withFiles = (world: World, files: readonly unknown[]) =>
    edit(world, HEAD, head => ({ ...head, layers: [{ from: 0, to: 0, files }] }))
  const putNode = (world: World, id: string, refs: readonly IndexRef[]) =>
    overwrite(world, `ns/p/_/index/${id}`, encodeIndexFile({ kind: 'refs', namespace: 'p' as never, refs }))

  test('with more levels than any number of rows needs is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      await withFiles(world, [refTo('abcdefgh-1', Number.MAX_SAFE_INTEGER, 'a')])
      await assertRefused(world.bucket, () => freshly(world), corrupt(HEAD, /malformed at layers.0.files.0.level/))
    }))

  test('whose node refers to itself is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      const self = refTo('abcdefgh-1', 3, 'a')
      await putNode(world, self.id, [self])
      await withFiles(world, [self])
      const namespace = await freshly(world)
      const refusal = corrupt('ns/p/_/index/abcdefgh-1', /is not what the index of "p" says it is/)
      await assertRefused(world.bucket, () => drain(namespace.list()), refusal)
      await assertRefused(world.bucket, () => namespace.get('a'), refusal)
    }))

  test('whose nodes share their children, so that few objects are a tree without end, is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      const id = (level: number, n: number) => `node-${level}-${n}-0000`
      const name = (n: number) => `a${String(n).padStart(3, '0')}`
      for (let level = 1; level < 30; level++) {
        for (let n = 0; n < 31 - level; n++) {
          const children = [n, n + 1].map(child => refTo(id(level - 1, child), level - 1, name(child), 'z'))
          await putNode(world, id(level, n), children)
        }
      }
      await withFiles(world, [refTo(id(29, 0), 29, name(0), 'z')])
      const namespace = await freshly(world)
      const refusal = corrupt(`ns/p/_/index/${id(29, 0)}`, /references that are not sorted, or share paths/)
      await assertRefused(world.bucket, () => drain(namespace.list()), refusal)
    }))

  test('of bombs that say that they are small takes no more memory than its cache may', async () => {
    let most = 0
    await inWorld(async world => {
      await aNamespace(world)
      const header = { format: 1, kind: 'rows', namespace: 'p', count: 1 }
      const refs = Array.from({ length: 100 }, (_, i) => refTo(`abcdefgh-${i}`, 0, `a${String(i).padStart(3, '0')}`))
      for (const { id, first } of refs) {
        const row = { path: first, at: 0, author: 'x'.repeat(7_000_000), deleted: true }
        const body = gzipSync(`${[header, row].map(line => JSON.stringify(line)).join('\n')}\n`)
        await overwrite(world, `ns/p/_/index/${id}`, body)
      }
      await withFiles(world, refs)
      const namespace = await freshly(world)
      for (const { first } of refs) {
        assert.equal(await namespace.get(first), undefined)
        most = Math.max(most, process.memoryUsage().heapUsed)
      }
    })
    assert.ok(most < 400 * 1024 * 1024, `${Math.round(most / 1024 / 1024)} MB`)
  })
})
