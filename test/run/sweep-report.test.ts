// What a sweep tells: exactly what it did, and beforehand exactly what it would do.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '../../lib/runlet.ts'
import type { MemoryRequest } from '../../lib/store/memory/memory-store.ts'
import { edit, overwrite } from '../bad-input/support.ts'
import { type Client, World } from '../support/world.ts'
import { HOUR, large } from './sweep-world.ts'

/** A process that dies at the first request that `matches`, once it is armed. */
function dying(world: World, phase: MemoryRequest['phase'], matches: (request: MemoryRequest) => boolean) {
  const state = { armed: false }
  const client: Client = world.client({
    weather: request => {
      if (state.armed && request.phase === phase && matches(request)) client.kill()
      return 'pass'
    },
  })
  return Object.assign(state, { client })
}

const puts =
  (part: string) =>
  ({ operation, key }: MemoryRequest): boolean =>
    operation === 'put' && key.includes(part)

/** Runs of `p` whose processes died at every point that a sweep knows. */
async function leaveRuns(world: World): Promise<void> {
  const parentOf = ({ store }: Client) => store.namespace('p')
  const owner = world.client()
  for (const onError of ['fold', 'discard', 'keep'] as const) {
    const run = await (await parentOf(owner)).fork(onError, { onError })
    await run.put(onError, large(onError))
  }
  owner.kill()
  const places = [
    ['cut-short', dying(world, 'before', puts('ns/p/cut-short/_/'))],
    ['sealed', dying(world, 'before', puts('ns/p/_/head'))],
    ['ended', dying(world, 'before', ({ operation, key }) => operation === 'delete' && key.includes('/forks/'))],
    ['refreshing', dying(world, 'before', puts('ns/p/refreshing/_/head'))],
  ] as const
  for (const [id, place] of places) {
    const parent = await parentOf(place.client)
    place.armed = id === 'cut-short'
    const forking = parent.fork(id)
    if (id === 'cut-short') continue
    const run = await forking
    await run.put(id, large(id))
    await (await parentOf(world.client())).put(`meanwhile-${id}`, '1')
    place.armed = true
    void (id === 'refreshing' ? run.refresh() : run.fold()).catch(() => undefined)
  }
  await world.time.ambient().sleep(HOUR / 60)
}

const waiting = (id: string, about: object = {}) => {
  const row = { path: 'queued', at: 0, author: 'gone', size: 1, sha256: 'a'.repeat(64), value: 'YQ==' }
  const change = { id, since: 0, at: 0, author: 'gone', sets: [{ rows: [row] }], rules: [], suffix: 'gone' }
  return JSON.stringify({ format: 1, write: 'w', change, ...about })
}

test('a dry run says of a store with every kind of leftover what the next sweep does, object by object', async () => {
  const world = new World()
  await world.run(async () => {
    const me = world.client()
    const parent = await me.store.namespace('p', { create: true })
    for (const path of ['a', 'b']) await parent.put(path, large(path))
    await me.store.sweep()
    const holder = world.client()
    await (await holder.store.namespace('p')).fork('holder', { onError: 'discard' })
    await parent.put('a', large('2'))
    await parent.delete('b')
    const done = await parent.fork('done')
    for (const version of ['1', '2']) await done.put('c', large(version))
    await done.fold()
    await me.store.sweep()
    holder.kill()
    await leaveRuns(world)
    await overwrite(world, 'ns/p/_/forks/folding.gone.abcdefgh-fork', '{"format":1}')
    await overwrite(world, 'ns/p/_/queue/abcdefgh-waits', waiting('abcdefgh-waits'))
    await overwrite(
      world,
      'ns/p/_/queue/abcdefgh-refused',
      waiting('abcdefgh-refused', { rejected: { kind: 'owner' } }),
    )
    await overwrite(world, 'ns/p/_/queue/notes', 'of nobody')
    await overwrite(world, 'doctor/abc/reachable', 'x')
    await me.ambient.sleep(26 * HOUR)
    const before = new Set(world.keys())
    const dry = await me.store.sweep({ dryRun: true })
    assert.deepEqual(world.keys(), [...before])
    const real = await me.store.sweep()
    const sorted = (runs: typeof dry.runs) => [...runs].sort((a, b) => (a.name < b.name ? -1 : 1))
    assert.deepEqual(sorted(dry.runs), sorted(real.runs))
    assert.deepEqual(dry.removed, real.removed)
    assert.deepEqual([dry.problems, real.problems], [[], []])
    assert.deepEqual(
      Object.fromEntries(sorted(real.runs).map(({ name, was, done: what }) => [name.slice(2), `${was} ${what}`])),
      {
        'cut-short': 'forking removed',
        discard: 'open discarded',
        ended: 'ended removed',
        fold: 'open folded',
        holder: 'open discarded',
        keep: 'open kept',
        refreshing: 'open kept',
        sealed: 'sealed folded',
      },
    )
    // Beside what it removed of its own making (new lists, the merge lease) nothing else is gone.
    const gone = [...before].filter(key => !world.bucket.objects.has(key) && !key.includes('/queue/abcdefgh-waits'))
    assert.equal(real.removed.objects, gone.length)
    assert.deepEqual(Object.keys(real.removed.byKind).sort(), ['doctor', 'forks', 'garbage', 'queue', 'values'])
  })
})

test('a change of a dead process that a sweep commits or refuses is told of', async () => {
  const world = new World()
  await world.run(async () => {
    const me = world.client()
    const parent = await me.store.namespace('p', { create: true })
    await parent.put('queued', '1')
    await parent.put('queued', '2')
    await overwrite(world, 'ns/p/_/queue/abcdefgh-conflict', waiting('abcdefgh-conflict'))
    await overwrite(world, 'ns/p/_/queue/abcdefgh-waits', waiting('abcdefgh-waits'))
    await edit(world, 'ns/p/_/queue/abcdefgh-waits', ({ change, ...intent }) => ({
      ...intent,
      change: { ...(change as object), since: 2 },
    }))
    await me.ambient.sleep(HOUR / 30)
    const told = async (options: { dryRun?: boolean }) =>
      Object.fromEntries((await me.store.sweep(options)).changes.map(({ id, author, done }) => [id, [author, done]]))
    const both = (first: string, second: string) => {
      return { 'abcdefgh-conflict': ['gone', first], 'abcdefgh-waits': ['gone', second] }
    }
    assert.deepEqual(await told({ dryRun: true }), both('waiting', 'waiting'))
    assert.deepEqual(await told({}), both('refused', 'committed'))
    assert.deepEqual(await told({}), {})
  })
})

test('what killed puts have staged in a file store goes with a sweep, an hour later, and is told of beforehand', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runlet-sweep-'))
  const store = await openStore(`file:${folder}`)
  await (await store.namespace('p', { create: true })).put('a', '1')
  const staged = join(folder, '.tmp', 'of-a-killed-put')
  await mkdir(staged)
  await writeFile(join(staged, 'value'), 'staged')
  assert.equal((await store.sweep()).removed.byKind.uploads, undefined)
  const longAgo = new Date(Date.now() - 2 * HOUR)
  for (const path of [join(staged, 'value'), staged]) await utimes(path, longAgo, longAgo)
  assert.deepEqual((await store.sweep({ dryRun: true })).removed.byKind.uploads, { objects: 1, bytes: 6 })
  assert.deepEqual((await store.sweep()).removed.byKind.uploads, { objects: 1, bytes: 6 })
  await assert.rejects(stat(staged), { code: 'ENOENT' })
  await store.close()
  await rm(folder, { recursive: true })
})
