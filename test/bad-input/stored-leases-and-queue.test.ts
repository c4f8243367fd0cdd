// Leases and waiting commits that lie in the store and cannot be what they should be. A garbage lease is refused by name; a
// garbage commit in the queue is nobody's, and must not keep the others from theirs (G6).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CorruptObjectError, FormatVersionError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { text, type World } from '../support/world.ts'
import { aNamespace, assertRefused, edit, freshly, inWorld, overwrite, remove } from './support.ts'

const MERGE = 'ns/p/_/lease/merge'
const corrupt = (key: string, problem: RegExp) => {
  const says = [RegExp(`^stored object "${key}"`), problem, /restore it from a backup/]
  return { type: CorruptObjectError, code: 'ERR_RUNLET_CORRUPT_OBJECT', says }
}

describe('a lease', () => {
  const garbage: [why: string, body: string, problem: RegExp][] = [
    ['is empty', '', /is empty/],
    ['is cut short', '{"format":1,"write":"x","na', /is not JSON, or is cut short/],
    ['is another document', '{"format":1,"seq":7}', /malformed at/],
    ['has a negative token', leaseDocument({ token: -1 }), /malformed at token/],
    ['has no time to live', leaseDocument({ ttlMs: 0 }), /malformed at ttlMs/],
    ['has half a holder', leaseDocument({ holder: { id: 'x' } }), /malformed at holder/],
  ]
  for (const [why, body, problem] of garbage) {
    test(`of a lock that ${why} is refused, naming it; the function is not run`, () =>
      inWorld(async world => {
        const namespace = await aNamespace(world)
        await overwrite(world, 'ns/p/_/lease/lock.deploy', body)
        const run = () => assert.fail('it ran')
        const refusal = corrupt('ns/p/_/lease/lock.deploy', problem)
        await assertRefused(world.bucket, () => namespace.lock('deploy', run), refusal)
        assert.equal(await namespace.lock('other', () => 'ran'), 'ran')
      }))

    test(`of merging that ${why} is refused by a fold, naming it; the run can be folded once it is restored`, () =>
      inWorld(async world => {
        const namespace = await aNamespace(world)
        const run = await namespace.fork('r')
        await run.put('a', '1')
        await overwrite(world, MERGE, body)
        const head = world.peek('ns/p/_/head').seq
        await assert.rejects(run.fold(), (error: unknown) => error instanceof CorruptObjectError && error.key === MERGE)
        assert.equal(world.peek('ns/p/_/head').seq, head)
        await namespace.put('direct', '1')
        remove(world, MERGE)
        await run.fold()
        assert.equal(text(await namespace.get('a')), '1')
      }))
  }

  test('of a later format is refused with the advice to upgrade', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await overwrite(world, 'ns/p/_/lease/lock.deploy', '{"format":2}')
      await assertRefused(world.bucket, () => namespace.lock('deploy', () => 1), {
        type: FormatVersionError,
        code: 'ERR_RUNLET_FORMAT_VERSION',
        says: [/lock\.deploy" has format 2/, /Upgrade runlet/],
      })
    }))

  test('of an owner that is garbage is refused by a resume, naming it', () =>
    inWorld(async world => {
      const parent = await aNamespace(world)
      await (await parent.fork('r')).release()
      await overwrite(world, 'ns/p/r/_/lease/owner', 'garbage')
      const refusal = corrupt('ns/p/r/_/lease/owner', /is not JSON/)
      await assertRefused(world.bucket, async () => (await freshly(world)).resume('r'), refusal)
    }))

  test('that is garbage does not hide the others', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await namespace.lock('good', () => 1)
      await overwrite(world, 'ns/p/_/lease/lock.bad', 'garbage')
      assert.ok((await namespace.locks()).some(lock => lock.name === 'lock.good'))
    }))

  test('of merging that was deleted is made again with a greater token than any before', () =>
    inWorld(async world => {
      const client = world.client()
      const namespace = await client.store.namespace('p', { create: true })
      for (let i = 0; i < 20; i++) {
        const run = await namespace.fork('r')
        await run.put(`a${i}`, '1')
        await run.fold()
      }
      remove(world, MERGE)
      const run = await namespace.fork('r')
      await run.put('b', '1')
      const { requests } = await run.fold()
      assert.ok(requests < 25, `${requests} requests`)
    }))

  test('that says it lives for a thousand years is refused', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      const holder = { id: 'x', host: 'gone', pid: 1, label: 'gone' }
      await overwrite(world, 'ns/p/_/lease/lock.deploy', leaseDocument({ holder, ttlMs: 3e13 }))
      const refusal = corrupt('ns/p/_/lease/lock.deploy', /malformed at ttlMs/)
      await assertRefused(world.bucket, () => namespace.lock('deploy', () => 1, { waitMs: 0 }), refusal)
    }))
})

function leaseDocument(change: object): string {
  const lease = { format: 1, write: 'w', name: 'x', token: 1, holder: null, ttlMs: 1000 }
  return JSON.stringify({ ...lease, acquiredAt: 0, waitedMs: 0, renewals: 0, ...change })
}

/** A commit that waits in the queue of `p`, as a process leaves it that died then; with parts of it changed. */
function intentDocument(change: object = {}, about: object = {}): string {
  const id = 'abcdefgh-intent'
  const waiting = {
    id,
    since: 0,
    at: 0,
    author: 'gone',
    sets: [{ rows: [aRow('from-queue')] }],
    rules: [],
    suffix: 'gone',
  }
  return JSON.stringify({ format: 1, write: 'w', change: { ...waiting, ...change }, ...about })
}

function aRow(path: string): object {
  const sha256 = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'
  return { path, at: 0, author: 'gone', size: 1, sha256, value: 'YQ==' }
}

const INTENT = 'ns/p/_/queue/abcdefgh-intent'

describe('a commit that waits in the queue', () => {
  test('of a process that died is committed by the next fold', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await overwrite(world, INTENT, intentDocument())
      await foldOne(namespace, 'r')
      assert.equal(text(await namespace.get('from-queue')), 'a')
      assert.deepEqual(world.keys('ns/p/_/queue/'), [])
    }))

  const missingFile = {
    files: [{ id: 'abcdefgh-gone', level: 0, first: 'data/00001', last: 'data/00003', rows: 2, bytes: 9 }],
    count: 2,
  }
  const garbage: [why: string, body: string, key?: string][] = [
    ['is empty', ''],
    ['is cut short', intentDocument().slice(0, -30)],
    ['is no JSON', '<html>'],
    ['is another document', '{"format":1}'],
    ['is of a later format', '{"format":3}'],
    ['has a path that leads out', intentDocument({ sets: [{ rows: [aRow('../out')] }] })],
    [
      'has no glob in a policy',
      intentDocument({ rules: [{ glob: '', policy: 'ours' }], sets: [{ rows: [aRow('tail')] }] }),
    ],
    ['names an index file that is gone', intentDocument({ sets: [missingFile] })],
    ['was rejected for an unknown reason', intentDocument({}, { rejected: { kind: 'whim' } })],
    ['lies under no id', intentDocument(), 'ns/p/_/queue/Notes about this.txt'],
  ]
  for (const [why, body, key = INTENT] of garbage) {
    test(`and ${why} keeps nobody from folding or committing`, () =>
      inWorld(async world => {
        const namespace = await aNamespace(world)
        const run = await namespace.fork('after')
        await run.put('data/00002', 'of the run')
        await overwrite(world, key, body)
        await foldOne(namespace, 'r')
        await run.fold()
        assert.equal(text(await namespace.get('data/00002')), 'of the run')
        await contend(world)
        assert.equal(text(await namespace.get('out')), '(absent)')
      }))
  }

  test('under the key of another is committed once, and removed', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await overwrite(world, 'ns/p/_/queue/abcdefgh-other', intentDocument())
      const { heldMs } = await foldOne(namespace, 'r')
      assert.ok(heldMs < 1000, `held for ${heldMs} ms`)
      assert.equal(text(await namespace.get('from-queue')), 'a')
      assert.deepEqual(world.keys('ns/p/_/queue/'), [])
    }))

  test('and cannot be settled by its policy keeps nobody from folding', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      const path = 'x'.repeat(899)
      const { seq } = await namespace.put(path, 'base')
      await namespace.put(path, 'there')
      const rules = [{ glob: '**', policy: 'keep-both' }]
      await overwrite(world, INTENT, intentDocument({ since: seq, rules, sets: [{ rows: [aRow(path)] }] }))
      await foldOne(namespace, 'r')
      assert.equal(text(await namespace.get(path)), 'there')
    }))

  test('and is in conflict is refused, and keeps nobody from folding', () =>
    inWorld(async world => {
      const namespace = await aNamespace(world)
      await overwrite(world, INTENT, intentDocument({ since: 1, sets: [{ rows: [aRow('tail')] }] }))
      await foldOne(namespace, 'r')
      assert.equal(text(await namespace.get('tail')), 'in the head')
      assert.deepEqual(world.peek(INTENT).rejected, { kind: 'conflict', paths: ['tail'] })
    }))
})

async function foldOne(namespace: Namespace, id: string) {
  const run = await namespace.fork(id)
  await run.put(`by-${id}`, '1')
  const result = await run.fold()
  assert.equal(text(await namespace.get(`by-${id}`)), '1')
  return result
}

/** Direct writers that meet so often that they have to go through the queue. */
async function contend(world: World): Promise<void> {
  const writers = await Promise.all(Array.from({ length: 6 }, () => freshly(world)))
  await Promise.all(writers.map((writer, i) => writer.put(`contended/${i}`, '1')))
}

test('a policy that the head of a run records and that is none is refused when the run is resumed', () =>
  inWorld(async world => {
    const parent = await aNamespace(world)
    await (await parent.fork('r', { onConflict: 'theirs' })).release()
    await edit(world, 'ns/p/r/_/head', head => {
      const run = head.run as { onConflict?: unknown }
      run.onConflict = { '**': 'whim' }
    })
    await assert.rejects(parent.resume('r'), /whim|policy|onConflict/)
    await (await parent.resume('r', { onConflict: 'theirs' })).fold()
  }))
