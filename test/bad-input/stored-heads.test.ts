// Heads, pins and other small documents that lie in the store and cannot be what they should be.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CorruptObjectError, FormatVersionError, MissingObjectError, NamespaceNotFoundError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { contents, text, type World } from '../support/world.ts'
import { aNamespace, assertRefused, drain, edit, freshly, inWorld, overwrite, type Refusal, remove } from './support.ts'

const HEAD = 'ns/p/_/head'
const corrupt = (key: string, problem: RegExp): Refusal => {
  const says = [RegExp(`^stored object "${key}"`), problem, /restore it from a backup or an older version/]
  return { type: CorruptObjectError, code: 'ERR_RUNLET_CORRUPT_OBJECT', says }
}
const missing = (key: RegExp, referrer: string): Refusal => {
  const says = [key, RegExp(`is gone, though ${referrer} refers to it`), /restore it, and exempt this prefix/]
  return { type: MissingObjectError, code: 'ERR_RUNLET_MISSING_OBJECT', says }
}
const ofFormat = (format: number, key: string): Refusal => {
  const says = [RegExp(`^stored object "${key}" has format ${format}, and this runlet knows format`), /Upgrade runlet/]
  return { type: FormatVersionError, code: 'ERR_RUNLET_FORMAT_VERSION', says }
}

/** What every caller may do with a namespace that was open before its head went bad. */
const uses: [why: string, use: (namespace: Namespace) => unknown][] = [
  ['get', namespace => namespace.get('tail')],
  ['list', namespace => drain(namespace.list())],
  ['log', namespace => drain(namespace.log())],
  ['put', namespace => namespace.put('new', '1')],
  ['delete', namespace => namespace.delete('tail')],
  ['commit', namespace => namespace.commit(tx => tx.put('new', '1'))],
  ['fork', namespace => namespace.fork('r')],
  ['compact', namespace => namespace.compact()],
]

describe('a head', () => {
  const cases: [why: string, spoil: (head: string) => string | Uint8Array, refusal: Refusal][] = [
    ['that is empty', () => '', corrupt(HEAD, /is empty/)],
    ['that is cut short', head => head.slice(0, head.length >> 1), corrupt(HEAD, /is not JSON, or is cut short/)],
    ['that is no JSON', () => '<html>', corrupt(HEAD, /is not JSON/)],
    ['that is no UTF-8', () => Buffer.from([0x7b, 0xff, 0x7d]), corrupt(HEAD, /is not UTF-8/)],
    ['that is null', () => 'null', corrupt(HEAD, /malformed at the document/)],
    ['that is another document', () => '{"format":1}', corrupt(HEAD, /malformed at \w+/)],
    ['of a later format', head => head.replace('"format":1', '"format":3'), ofFormat(3, HEAD)],
    ['with a negative seq', head => head.replace(/"seq":\d+/, '"seq":-1'), corrupt(HEAD, /malformed at seq/)],
    ['of an unknown state', head => head.replace('"state":"open"', '"state":"ajar"'), corrupt(HEAD, /at state/)],
    ['of no namespace', head => head.replace('"namespace":"p"', '"namespace":"../q"'), corrupt(HEAD, /at namespace/)],
    ['with a path that leads out', head => head.replace('"path":"tail"', '"path":"../tail"'), corrupt(HEAD, /path/)],
    ['with an id that leads out', head => head.replace(/"id":"[^"]+"/, '"id":"../../x/head"'), corrupt(HEAD, /id/)],
  ]
  for (const [why, spoil, refusal] of cases) {
    test(`${why} cannot be opened, even to be made`, () =>
      inWorld(async world => {
        await aNamespace(world)
        const before = Buffer.from(world.bucket.objects.get(HEAD)?.body ?? []).toString()
        await overwrite(world, HEAD, spoil(before))
        assert.notEqual(Buffer.from(world.bucket.objects.get(HEAD)?.body ?? []).toString(), before)
        await assertRefused(world.bucket, () => world.client().store.namespace('p'), refusal)
        await assertRefused(world.bucket, () => world.client().store.namespace('p', { create: true }), refusal)
      }))
  }

  for (const [why, use] of uses) {
    test(`that goes bad under an open namespace refuses ${why}, and stays as it is`, () =>
      inWorld(async world => {
        const namespace = await aNamespace(world)
        await namespace.idle()
        await overwrite(world, HEAD, 'no head')
        const error = await (async () => use(namespace))().catch((reason: unknown) => reason)
        assert.ok(error instanceof CorruptObjectError, String(error))
        assert.equal(error.key, HEAD)
        assert.equal(Buffer.from(world.bucket.objects.get(HEAD)?.body ?? []).toString(), 'no head')
      }))
  }

  test('that is gone is no namespace, and is not made anew by a write', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      remove(world, HEAD)
      for (const [why, use] of uses.filter(([name]) => name !== 'compact')) {
        await assertRefused(world.bucket, () => use(namespace), {
          type: NamespaceNotFoundError,
          code: 'ERR_RUNLET_NAMESPACE_NOT_FOUND',
          says: [/^namespace "p" does not exist/, /runlet init/],
        }).catch(error => assert.fail(`${why}: ${error}`))
      }
    }))

  test("that is another namespace's is refused", () =>
    inWorld(async world => {
      await aNamespace(world)
      await (await world.client().store.namespace('q', { create: true })).put('of-q', '1')
      await overwrite(world, HEAD, world.bucket.objects.get('ns/q/_/head')?.body ?? '')
      await assertRefused(world.bucket, () => freshly(world), corrupt(HEAD, /"q"/))
    }))

  test('whose inline rows are out of order is refused', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await namespace.commit(tx => {
        for (const path of ['x', 'y', 'z']) tx.put(path, path)
      })
      await edit(world, HEAD, head => {
        const layers = head.layers as { rows?: unknown[] }[]
        layers.at(-1)?.rows?.reverse()
      })
      await assertRefused(world.bucket, () => freshly(world), corrupt(HEAD, /sorted/))
    }))
})

describe('a head that lies about a missing shard', () => {
  const lieAbout = async (world: World) => {
    const namespace = await aNamespace(world)
    for (const key of world.keys('ns/p/_/index/')) remove(world, key)
    return namespace
  }
  const refusal = missing(/^stored object "ns\/p\/_\/index\/[a-z0-9-]+"/, 'the index of "p"')

  test('refuses what needs the shard, naming it', () =>
    inWorld(async world => {
      await lieAbout(world)
      const namespace = await freshly(world)
      await assertRefused(world.bucket, () => namespace.get('data/00003'), refusal)
      await assertRefused(world.bucket, () => namespace.stat('data/00003'), refusal)
      await assertRefused(world.bucket, () => drain(namespace.list()), refusal)
      await assertRefused(world.bucket, () => namespace.commit(async tx => void (await tx.get('data/00003'))), refusal)
    }))

  test('compacts nothing, and drops nothing', () =>
    inWorld(async world => {
      await lieAbout(world)
      const namespace = await freshly(world)
      for (let i = 0; i < 3; i++) await namespace.put(`data/0000${i}`, 'newer')
      await namespace.idle()
      const before = world.peek(HEAD).layers
      await assert.rejects(namespace.compact(), MissingObjectError)
      assert.deepEqual(world.peek(HEAD).layers, before)
    }))

  test('still takes and gives what does not need it', () =>
    inWorld(async world => {
      await lieAbout(world)
      const namespace = await freshly(world)
      await namespace.put('data/00003', 'newer')
      await namespace.put('other', '1')
      assert.equal(text(await namespace.get('other')), '1')
      assert.equal(text(await namespace.get('tail')), 'in the head')
      const run = await namespace.fork('r')
      await run.put('from-run', '1')
      await run.fold()
      assert.equal(text(await namespace.get('from-run')), '1')
    }))

  test('still gives a newer value than the shard had', () =>
    inWorld(async world => {
      await lieAbout(world)
      const namespace = await freshly(world)
      await namespace.put('data/00003', 'newer')
      assert.equal(text(await namespace.get('data/00003')), 'newer')
    }))
})

describe('the history', () => {
  const withHistory = async (world: World) => {
    const namespace = await world.client().store.namespace('p', { create: true })
    for (let i = 0; i < 100; i++) await namespace.put('a', `${i}`)
    await namespace.idle()
    const { history } = world.peek(HEAD)
    return `ns/p/_/history/${history.id}`
  }

  test('whose segment is gone or garbage is refused by the log, naming the segment; reads and writes go on', () =>
    inWorld(async world => {
      const key = await withHistory(world)
      await overwrite(world, key, '{"format":1,"commits":[]}')
      const namespace = await freshly(world)
      await assertRefused(world.bucket, () => drain(namespace.log()), corrupt(key, /malformed at commits/))
      remove(world, key)
      await assertRefused(world.bucket, () => drain(namespace.log()), missing(/history/, 'the history of "p"'))
      await namespace.put('a', 'more')
      assert.equal(text(await namespace.get('a')), 'more')
    }))
})

describe('the pin of a fork', () => {
  const aRun = async (world: World) => {
    const parent = await aNamespace(world)
    const run = await parent.fork('r')
    await run.put('own', '1')
    await run.release()
    const [key] = world.keys('ns/p/_/forks/')
    assert.ok(key)
    return { parent, key }
  }
  const resumed = async (world: World) => (await freshly(world)).resume('r')

  test('that is garbage is refused by reads through it, naming it', () =>
    inWorld(async world => {
      const { key } = await aRun(world)
      for (const [body, refusal] of [
        ['', corrupt(key, /is empty/)],
        ['{"format":1}', corrupt(key, /malformed at/)],
        ['{"format":3}', ofFormat(3, key)],
      ] as const) {
        await overwrite(world, key, body)
        await assertRefused(
          world.bucket,
          async () => {
            const client = world.client()
            const run = await (await client.store.namespace('p/r')).get('tail')
            return run
          },
          refusal,
        )
      }
    }))

  test('that is gone is refused by reads through it, naming it and the run', () =>
    inWorld(async world => {
      const { key } = await aRun(world)
      remove(world, key)
      const child = await world.client().store.namespace('p/r')
      await assertRefused(world.bucket, () => child.get('tail'), missing(/forks/, 'the head of "p/r"'))
      await assertRefused(world.bucket, () => drain(child.list()), missing(/forks/, 'the head of "p/r"'))
    }))

  test('that is gone does not keep a run from being discarded', () =>
    inWorld(async world => {
      const { key, parent } = await aRun(world)
      remove(world, key)
      const error = await resumed(world).catch((reason: unknown) => reason)
      if (error instanceof Error) assert.ok(error instanceof MissingObjectError, String(error))
      else await (error as Awaited<ReturnType<typeof resumed>>).discard()
      assert.equal(text(await parent.get('tail')), 'in the head')
    }))

  test('with a name that runlet never gives is overlooked', () =>
    inWorld(async world => {
      const { parent } = await aRun(world)
      await overwrite(world, 'ns/p/_/forks/000000000001~Not A Run~abcdefgh', '{}')
      await overwrite(world, 'ns/p/_/forks/notes.txt', 'mine')
      assert.deepEqual(
        (await parent.runs()).map(run => run.id),
        ['r'],
      )
    }))
})

test('a run whose head is garbage does not hide the others', () =>
  inWorld(async world => {
    const parent = await aNamespace(world)
    await parent.fork('good')
    await parent.fork('bad')
    await overwrite(world, 'ns/p/bad/_/head', 'no head')
    assert.ok((await parent.runs()).some(run => run.id === 'good'))
  }))

describe('runlet.json', () => {
  test('of another format refuses a new namespace, and what is there goes on', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await overwrite(world, 'runlet.json', '{"format":2}')
      const make = () => world.client().store.namespace('q', { create: true })
      await assertRefused(world.bucket, make, ofFormat(2, 'runlet.json'))
      await namespace.put('a', '1')
      assert.equal((await contents(await freshly(world))).a, '1')
    }))

  test('that is garbage refuses a new namespace, naming it', () =>
    inWorld(async world => {
      for (const [body, problem] of [
        ['', /is empty/],
        ['no', /is not JSON/],
        ['{}', /malformed at format/],
      ] as const) {
        await overwrite(world, 'runlet.json', body)
        const make = () => world.client().store.namespace('q', { create: true })
        await assertRefused(world.bucket, make, corrupt('runlet.json', problem))
      }
    }))
})
