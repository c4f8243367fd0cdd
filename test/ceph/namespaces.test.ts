// Namespaces and runs on a real Ceph RADOS gateway, as their users meet them: that what the gateway answers to races, large
// bodies and listings never surfaces. What each operation promises in detail is tested on virtual time.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, describe, test } from 'node:test'
import { ConflictError, type Namespace, NamespaceSealedError, type RequestEvent } from '../../lib/index.ts'
import { openStore, type Store } from '../../lib/runlet.ts'
import { contents, text } from '../support/world.ts'
import { cephUrl } from './gateway.ts'

const LARGE = 20 * 1024 * 1024
const FOLDS = 100
const WRITERS = 24

const opened: Store[] = []
after(() => Promise.all(opened.map(store => store.close())))

/** A handle of its own on the namespace of a test: another's caches and connections are not shared. */
async function aParent(prefix: string): Promise<Namespace> {
  const store = await openStore(cephUrl(`namespaces/${prefix}`))
  opened.push(store)
  return store.namespace('p', { create: true })
}

describe('a namespace on Ceph', () => {
  test('puts, reads, lists and deletes, and logs what it did', async () => {
    const parent = await aParent('basics')
    await Promise.all(['b', 'a/2', 'a/10', 'a/1'].map(path => parent.put(path, path)))
    await parent.put('large', 'x'.repeat(10_000))
    await parent.delete('b')
    await parent.commit(
      async tx => {
        tx.put('a/1', `${text(await tx.get('a/1'))}!`)
        tx.delete('a/2')
      },
      { message: 'both or none' },
    )
    const other = await aParent('basics')
    assert.deepEqual(await contents(other), { 'a/1': 'a/1!', 'a/10': 'a/10', large: 'x'.repeat(10_000) })
    assert.equal((await other.stat('large'))?.size, 10_000)
    assert.equal(await other.get('b'), undefined)
    const [newest] = await logOf(other)
    assert.equal(newest?.message, 'both or none')
    assert.equal(newest?.rows, 2)
  })

  test('carries a value of 20 MiB in and out as a stream, and at once', async () => {
    const parent = await aParent('large')
    await parent.put('streamed', aLargeValue())
    await parent.put('at-once', Buffer.concat(await chunksOf(aLargeValue())))
    const expected = hashOf(await chunksOf(aLargeValue()))
    for (const path of ['streamed', 'at-once']) {
      const chunks = await chunksOf((await parent.stream(path)) ?? assert.fail())
      assert.ok(chunks.length > 1)
      assert.equal(hashOf(chunks), expected)
      assert.equal(hashOf([(await parent.get(path)) ?? assert.fail()]), expected)
      assert.equal((await parent.stat(path))?.sha256, expected)
    }
  })

  test(`takes ${WRITERS} writes at once through as many handles, and no loser hears of the race`, async t => {
    const parents = await Promise.all(Array.from({ length: WRITERS }, () => aParent('races')))
    const heads = countingHeads()
    await Promise.all(parents.map((parent, i) => parent.put(`w/${i}`, String(i))))
    t.diagnostic(`puts of the head: ${JSON.stringify(heads())}`)
    assert.equal(Object.keys(await contents(await aParent('races'))).length, WRITERS)
  })

  test('stays readable and whole through compactions', async () => {
    const parent = await aParent('compaction')
    const expected: Record<string, string> = {}
    for (let i = 0; i < 80; i++) {
      const [path, value] = [`f/${i % 50}`, `${i} `.repeat(i % 10 === 0 ? 2_000 : 10)]
      expected[path] = value
      await parent.put(path, value)
    }
    await parent.idle()
    await parent.compact()
    assert.deepEqual(await contents(await aParent('compaction')), expected)
  })
})

describe('a run on Ceph', () => {
  test('is forked, filled, refreshed and folded', async () => {
    const parent = await aParent('run')
    await parent.put('a', 'old')
    const run = await parent.fork('r')
    await run.put('own', '1')
    await run.delete('a')
    await parent.put('b', 'later')
    assert.deepEqual(await contents(run), { own: '1' })
    await run.refresh()
    assert.deepEqual(await contents(run), { b: 'later', own: '1' })
    const { seq, rows } = await run.fold()
    assert.deepEqual({ seq, rows }, { seq: 3, rows: 2 })
    assert.equal((await run.fold()).seq, 3)
    assert.deepEqual(await contents(await aParent('run')), { b: 'later', own: '1' })
    assert.deepEqual(await parent.runs(), [])
  })

  test('is discarded, and takes no more writes', async () => {
    const parent = await aParent('discard')
    const run = await parent.fork('r')
    await run.put('own', '1')
    await run.discard()
    await assert.rejects(run.put('late', '2'), NamespaceSealedError)
    assert.deepEqual(await contents(parent), {})
  })

  test('has runs of its own', async () => {
    const parent = await aParent('nested')
    await parent.put('a', 'parent')
    const run = await parent.fork('r')
    await run.put('b', 'run')
    const nested = await run.fork('n')
    await nested.put('c', 'nested')
    assert.deepEqual(await contents(nested), { a: 'parent', b: 'run', c: 'nested' })
    await nested.fold()
    await run.fold()
    assert.deepEqual(await contents(parent), { a: 'parent', b: 'run', c: 'nested' })
  })

  test(`is one of ${FOLDS} folded at once, and none fails`, async t => {
    const parent = await aParent('folds')
    const ids = Array.from({ length: FOLDS }, (_, i) => `r${i}`)
    const runs = await Promise.all(ids.map(id => parent.fork(id)))
    await Promise.all(runs.map(run => run.put(`f/${run.id}`, run.id)))
    const heads = countingHeads()
    const results = await Promise.all(runs.map(run => run.fold()))
    const swaps = heads()
    t.diagnostic(`puts of the parent's head: ${JSON.stringify(swaps)}`)
    t.diagnostic(`longest wait: ${Math.round(Math.max(...results.map(result => result.waitedMs)))} ms`)
    assert.equal(new Set(results.map(result => result.seq)).size, FOLDS)
    assert.equal(Object.keys(await contents(parent)).length, FOLDS)
    assert.ok((swaps.ok ?? 0) <= 12, `${swaps.ok} swaps`)
  })

  test('settles conflicts by the policy of each path', async () => {
    const parent = await aParent('policies')
    await parent.put('error.txt', 'base')
    for (const [path, [base]] of Object.entries(CONFLICTS)) await parent.put(path, base)
    const run = await parent.fork('r')
    for (const [path, [, ours, theirs]] of Object.entries(CONFLICTS)) {
      await parent.put(path, ours)
      await run.put(path, theirs)
    }
    await parent.put('error.txt', 'ours')
    await run.put('error.txt', 'theirs')
    const policies = {
      'ours.txt': 'ours',
      'theirs.txt': 'theirs',
      'lines.txt': 'union-lines',
      'keys.json': 'json-merge',
      'both.txt': 'keep-both',
      'sum.txt': (_: string, ...sides: (Uint8Array | undefined)[]) => sides.map(text).join('+'),
    } as const
    await assert.rejects(
      run.fold({ onConflict: policies }),
      (error: unknown) => error instanceof ConflictError && error.paths.join() === 'error.txt',
    )
    await run.fold({ onConflict: { ...policies, 'error.txt': 'theirs' } })
    const expected = Object.fromEntries(Object.entries(CONFLICTS).map(([path, sides]) => [path, sides[3]]))
    assert.deepEqual(await contents(parent), { ...expected, 'both.r.txt': 'theirs', 'error.txt': 'theirs' })
  })
})

/** By path: what base, parent and run hold, and what the fold leaves. */
const CONFLICTS: Record<string, readonly [base: string, ours: string, theirs: string, folded: string]> = {
  'ours.txt': ['base', 'ours', 'theirs', 'ours'],
  'theirs.txt': ['base', 'ours', 'theirs', 'theirs'],
  'lines.txt': ['1\n', '1\n2\n', '1\n3\n', '1\n2\n3\n'],
  'keys.json': ['{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":1,"b":2}', '{"a":2,"b":2}'],
  'both.txt': ['base', 'ours', 'theirs', 'ours'],
  'sum.txt': ['base', 'ours', 'theirs', 'base+ours+theirs'],
}

async function logOf(namespace: Namespace) {
  const commits = []
  for await (const commit of namespace.log()) commits.push(commit)
  return commits
}

/** 20 MiB in uneven chunks that differ. */
async function* aLargeValue(): AsyncGenerator<Uint8Array> {
  for (let at = 0, chunk = 1; at < LARGE; chunk++) {
    const size = Math.min(LARGE - at, 100_000 + (chunk % 7) * 33_333)
    yield Buffer.alloc(size, `chunk ${chunk} `)
    at += size
  }
}

async function chunksOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

function hashOf(chunks: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** Counts this process's puts of the parent's head by their outcome, until the returned function is called. */
function countingHeads(): () => Record<string, number> {
  const outcomes: Record<string, number> = {}
  const count = (event: unknown) => {
    const { operation, key, outcome } = event as RequestEvent
    if (operation === 'put' && key === 'ns/p/_/head') outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  subscribe('runlet:request', count)
  return () => {
    unsubscribe('runlet:request', count)
    return outcomes
  }
}
