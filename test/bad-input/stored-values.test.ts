// Index files and values that lie in the store and cannot be what the index says: what needs them is refused by name, and
// everything else goes on. What decoding refuses is in ../namespace/index-file.test.ts.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { CorruptObjectError, FormatVersionError, MissingObjectError, type RunletError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { programBeside } from '../support/programs.ts'
import { text, type World } from '../support/world.ts'
import { aNamespace, assertRefused, drain, edit, freshly, inWorld, overwrite, remove } from './support.ts'

const HEAD = 'ns/p/_/head'

/** The only object with such keys. */
function soleKey(world: World, prefix: string): string {
  const [key, ...more] = world.keys(prefix)
  assert.ok(key !== undefined && more.length === 0, `there are ${more.length + 1} objects below ${prefix}`)
  return key
}

const bodyOf = (world: World, key: string): Buffer => Buffer.from(world.bucket.objects.get(key)?.body ?? [])

const isCorrupt = { type: CorruptObjectError, code: 'ERR_RUNLET_CORRUPT_OBJECT' } as const
const isMissing = { type: MissingObjectError, code: 'ERR_RUNLET_MISSING_OBJECT' } as const

describe('an index file', () => {
  const lines = (change: (lines: string[]) => string[]) => (body: Buffer) => {
    const all = gunzipSync(body).toString().trimEnd().split('\n')
    return gzipSync(`${change(all).join('\n')}\n`)
  }
  const cases: [why: string, spoil: (body: Buffer) => Uint8Array, problem: RegExp][] = [
    ['that is empty', () => Buffer.alloc(0), /is not valid gzip, or is cut short/],
    ['that is cut short', body => body.subarray(0, -9), /is not valid gzip, or is cut short/],
    ['that is no gzip', body => gunzipSync(body), /is not valid gzip/],
    ['that is a bomb', () => gzipSync(Buffer.alloc(80 * 1024 * 1024)), /is not valid gzip/],
    ['with rows out of order', lines(([header = '', ...rows]) => [header, ...rows.reverse()]), /is not sorted by path/],
    ['with a path that leads out', lines(all => all.map(line => line.replace('data/00007', '../00007'))), /path/],
    ['with a row too few', lines(all => all.filter((_, i) => i !== 5)), /does not hold as many lines as it says/],
    ['with a row that is no JSON', lines(all => all.map((line, i) => (i === 5 ? '{' : line))), /is not JSON/],
    [
      'with other rows than the index says',
      lines(all => all.map(line => line.replace('data/00000', 'data/0'))),
      /is not what the index of "p" says it is/,
    ],
  ]
  for (const [why, spoil, problem] of cases) {
    test(`${why} is refused by what needs it, naming it; nothing is written, and the rest goes on`, () =>
      inWorld(async world => {
        await aNamespace(world)
        const key = soleKey(world, 'ns/p/_/index/')
        await overwrite(world, key, spoil(bodyOf(world, key)))
        const namespace = await freshly(world)
        const refusal = { ...isCorrupt, says: [RegExp(`^stored object "${key}"`), problem, /restore it from a backup/] }
        await assertRefused(world.bucket, () => namespace.get('data/00003'), refusal)
        await assertRefused(world.bucket, () => drain(namespace.list()), refusal)
        await assertRefused(
          world.bucket,
          () => namespace.commit(async tx => void (await tx.get('data/00003'))),
          refusal,
        )
        await namespace.put('other', '1')
        assert.equal(text(await namespace.get('other')), '1')
      }))
  }

  test('of a later format is refused with the advice to upgrade', () =>
    inWorld(async world => {
      await aNamespace(world)
      const key = soleKey(world, 'ns/p/_/index/')
      await overwrite(world, key, gzipSync('{"format":3,"something":"new"}\n'))
      const namespace = await freshly(world)
      const says = [RegExp(`^stored object "${key}" has format 3`), /Upgrade runlet/]
      const refusal = { type: FormatVersionError, code: 'ERR_RUNLET_FORMAT_VERSION', says }
      await assertRefused(world.bucket, () => namespace.get('data/00003'), refusal)
    }))

  test('that was restored is read again, without a restart', () =>
    inWorld(async world => {
      await aNamespace(world)
      const key = soleKey(world, 'ns/p/_/index/')
      const good = bodyOf(world, key)
      remove(world, key)
      const namespace = await freshly(world)
      await assert.rejects(namespace.get('data/00003'), MissingObjectError)
      await overwrite(world, key, good)
      assert.equal(text(await namespace.get('data/00003')), 'value 3')
    }))

  test('with fewer rows than its reference says is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      const key = soleKey(world, 'ns/p/_/index/')
      const all = gunzipSync(bodyOf(world, key)).toString().trimEnd().split('\n')
      all.splice(5, 1)
      await overwrite(world, key, gzipSync(`${all.join('\n').replace('"count":20', '"count":19')}\n`))
      const namespace = await freshly(world)
      await assertRefused(world.bucket, () => drain(namespace.list()), { ...isCorrupt, says: [RegExp(key)] })
    }))

  test('of another namespace is refused', () =>
    inWorld(async world => {
      await aNamespace(world)
      const key = soleKey(world, 'ns/p/_/index/')
      const body = gunzipSync(bodyOf(world, key)).toString().replace('"namespace":"p"', '"namespace":"q"')
      await overwrite(world, key, gzipSync(body))
      const namespace = await freshly(world)
      await assertRefused(world.bucket, () => drain(namespace.list()), { ...isCorrupt, says: [RegExp(key)] })
    }))

  test('that refers to itself ends in an error, not in a loop', () => {
    const { script, execArgv } = programBeside(import.meta.url, 'self-reference')
    const { stdout, signal } = spawnSync(process.execPath, [...execArgv, script], { timeout: 30_000 })
    assert.equal(signal, null, 'it hangs')
    assert.match(stdout.toString(), /^ERR_RUNLET_CORRUPT_OBJECT ns\/p\/_\/index\//)
  })
})

describe('a value', () => {
  const LARGE = 'x'.repeat(10_000)

  /** A namespace in which `path` lies in an object of its own. */
  async function withLarge(world: World): Promise<{ namespace: Namespace; key: string }> {
    await (await world.client().store.namespace('p', { create: true })).put('large', LARGE)
    return { namespace: await freshly(world), key: soleKey(world, 'ns/p/_/values/') }
  }

  /** A namespace in which many small values lie in a pack. */
  async function withPack(world: World): Promise<{ namespace: Namespace; key: string }> {
    const namespace = await world.client().store.namespace('p', { create: true })
    await namespace.commit(tx => {
      for (let i = 0; i < 100; i++) tx.put(`small/${String(i).padStart(3, '0')}`, `${i}`.repeat(2000).slice(0, 3000))
    })
    await namespace.compact()
    return { namespace: await freshly(world), key: soleKey(world, 'ns/p/_/packs/') }
  }

  const collected = async (chunks: AsyncIterable<Uint8Array> | undefined) => {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks ?? []) parts.push(chunk)
    return Buffer.concat(parts).toString()
  }
  const reads = (path: string): [how: string, read: (namespace: Namespace) => Promise<unknown>][] => [
    ['get', namespace => namespace.get(path)],
    ['stream', async namespace => collected(await namespace.stream(path))],
    ['a read in a commit', namespace => namespace.commit(async tx => void (await tx.get(path)))],
  ]

  async function assertAllRefused(
    world: World,
    namespace: Namespace,
    path: string,
    refusal: Parameters<typeof assertRefused>[2],
  ) {
    const errors: RunletError[] = []
    for (const [, read] of reads(path)) errors.push(await assertRefused(world.bucket, () => read(namespace), refusal))
    return errors
  }

  test('that is gone is refused, naming its object and its path', () =>
    inWorld(async world => {
      const { namespace, key } = await withLarge(world)
      remove(world, key)
      const says = [RegExp(`^stored object "${key}" is gone, though the row of "large" refers to it`), /restore it/]
      await assertAllRefused(world, namespace, 'large', { ...isMissing, says })
      assert.equal((await namespace.stat('large'))?.size, 10_000)
    }))

  for (const [why, body, problem] of [
    ['has other bytes', LARGE.replace('x', 'y'), 'does not have the SHA-256 that the index recorded'],
    ['is cut short', LARGE.slice(1), 'does not have the SHA-256 that the index recorded'],
    ['is longer', `${LARGE}x`, 'is larger than 10000 bytes'],
    ['is empty', '', 'does not have the SHA-256 that the index recorded'],
  ] as const) {
    test(`that ${why} is refused, naming its object`, () =>
      inWorld(async world => {
        const { namespace, key } = await withLarge(world)
        await overwrite(world, key, body)
        const says = [RegExp(`^stored object "${key}" ${problem}`), /restore it/]
        await assertAllRefused(world, namespace, 'large', { ...isCorrupt, says })
        await namespace.put('large', 'repaired')
        assert.equal(text(await namespace.get('large')), 'repaired')
      }))
  }

  test('whose pack is gone, cut short or other than it was is refused, naming the pack', () =>
    inWorld(async world => {
      const { namespace, key } = await withPack(world)
      const good = bodyOf(world, key)
      for (const bad of [good.subarray(0, good.length >> 1), Buffer.alloc(good.length), Buffer.alloc(0)]) {
        await overwrite(world, key, bad)
        const says = [RegExp(`^stored object "${key}" does not have the SHA-256`)]
        await assertAllRefused(world, namespace, 'small/099', { ...isCorrupt, says })
      }
      remove(world, key)
      const says = [RegExp(`^stored object "${key}" is gone, though the row of "small/099" refers to it`)]
      await assertAllRefused(world, namespace, 'small/099', { ...isMissing, says })
    }))

  test('that was changed in the head is refused, naming its path', () =>
    inWorld(async world => {
      await aNamespace(world)
      await edit(world, HEAD, head => JSON.parse(JSON.stringify(head).replace(/"value":"[^"]+"/, '"value":"AAAA"')))
      const namespace = await freshly(world)
      const says = [/the row of "tail"/, /does not have the SHA-256/]
      await assertAllRefused(world, namespace, 'tail', { ...isCorrupt, says })
    }))

  test('of which a run has changed nothing is folded without being read', () =>
    inWorld(async world => {
      const { namespace, key } = await withLarge(world)
      const run = await namespace.fork('r')
      await run.put('other', '1')
      remove(world, key)
      await run.fold()
      assert.equal(text(await namespace.get('other')), '1')
    }))

  test('that a policy would merge is refused, and nothing is folded', () =>
    inWorld(async world => {
      const { namespace, key } = await withLarge(world)
      const run = await namespace.fork('r', { onConflict: 'union-lines' })
      await run.put('large', 'of the run')
      await namespace.put('large', 'of the parent')
      remove(world, key)
      const head = bodyOf(world, HEAD).toString()
      await assert.rejects(run.fold(), (error: unknown) => error instanceof MissingObjectError && error.key === key)
      const unfenced = (document: string) => ({ ...JSON.parse(document), fences: {}, write: '' })
      assert.deepEqual(unfenced(bodyOf(world, HEAD).toString()), unfenced(head))
      await run.fold({ onConflict: 'theirs' })
      assert.equal(text(await namespace.get('large')), 'of the run')
    }))
})
