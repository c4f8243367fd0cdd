// Commits: what is acknowledged is there, all of it or nothing, and nobody overwrites what they have not seen (G1 to G4).
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConflictError, NamespaceNotFoundError } from '../../lib/errors.ts'
import type { Namespace } from '../../lib/runlet.ts'
import { contents, text, type Weather, World } from '../support/world.ts'

/** Two processes with the same namespace open, having seen the same head. */
async function twoWriters(world: World, weather?: Weather): Promise<[Namespace, Namespace]> {
  const a = await world.client(weather && { weather }).store.namespace('shared', { create: true })
  const b = await world.client().store.namespace('shared')
  return [a, b]
}

const isHeadPut = (request: { operation: string; key: string }) =>
  request.operation === 'put' && request.key === 'ns/shared/_/head'

describe('a commit', () => {
  test('is read back by its own process and by another', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('x/y.txt', 'hello')
      assert.equal(text(await a.get('x/y.txt')), 'hello')
      assert.equal(text(await b.get('x/y.txt')), 'hello')
    }))

  test('of a small value by a warm process is one request, and by a new process two', () =>
    inWorld(async world => {
      const warm = world.client()
      const namespace = await warm.store.namespace('shared', { create: true })
      await namespace.put('a', '1')
      warm.requests.length = 0
      await namespace.put('b', 'x'.repeat(1024))
      assert.deepEqual(warm.requests, ['put ns/shared/_/head'])
      const fresh = world.client()
      await (await fresh.store.namespace('shared')).put('c', '3')
      assert.deepEqual(fresh.requests, ['get ns/shared/_/head', 'put ns/shared/_/head'])
    }))

  test('puts made at the same time share a swap', () =>
    inWorld(async world => {
      const client = world.client()
      const namespace = await client.store.namespace('shared', { create: true })
      client.requests.length = 0
      const done = await Promise.all(['a', 'b', 'c'].map(path => namespace.put(path, path)))
      assert.deepEqual(client.requests, ['put ns/shared/_/head'])
      assert.deepEqual(new Set(done.map(one => one.seq)), new Set([1]))
    }))

  test('is seen whole or not at all, however many paths and files it touches', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      const paths = Array.from({ length: 3000 }, (_, i) => `d/${String(i).padStart(5, '0')}`)
      const counts = new Set<number>()
      let ended = false
      const reader = (async () => {
        while (!ended) counts.add(Object.keys(await listed(b)).length)
      })()
      await a.commit(tx => {
        for (const path of paths) tx.put(path, path)
      })
      counts.add(Object.keys(await listed(b)).length)
      ended = true
      await reader
      assert.deepEqual([...counts].sort(), [0, 3000])
    }))

  test('keeps large values out of the head and streams of any size in bounded pieces', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      const large = Buffer.alloc(9 * 1024 * 1024, 'ab')
      await a.put(
        'large',
        (async function* () {
          for (let i = 0; i < large.length; i += 65_536) yield large.subarray(i, i + 65_536)
        })(),
      )
      assert.ok(JSON.stringify(world.peek('ns/shared/_/head')).length < 2000)
      const chunks: Uint8Array[] = []
      for await (const chunk of (await b.stream('large')) ?? []) chunks.push(chunk)
      assert.equal(chunks.length, 2)
      assert.ok(Buffer.concat(chunks).equals(large))
    }))

  test('names nothing that is not stored yet, however slow the store takes it (G1)', () =>
    inWorld(async world => {
      const slow = world.client({
        weather: async request => {
          if (request.phase === 'before' && /values|index|packs/.test(request.key))
            await world.time.ambient().sleep(5_000)
          return 'pass' as const
        },
      })
      const namespace = await slow.store.namespace('shared', { create: true })
      slow.requests.length = 0
      await namespace.put('large', 'x'.repeat(9_000))
      await namespace.commit(tx => {
        for (let i = 0; i < 300; i++) tx.put(`d/${i}`, 'x'.repeat(2_000))
      })
      const puts = slow.requests.filter(request => request.startsWith('put')).map(request => request.split('/').at(-2))
      assert.deepEqual(puts.slice(0, 2), ['values', '_'])
      assert.deepEqual(puts.slice(2).indexOf('_'), puts.length - 3, puts.join())
    }))

  test('deletes, and what was deleted is gone from listings', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('x', '1')
      await a.put('y', '2')
      await a.delete('x')
      assert.deepEqual(await contents(b), { y: '2' })
      assert.equal(await b.get('x'), undefined)
    }))

  test('to a namespace that does not exist is refused by its name', () =>
    inWorld(async world => {
      await assert.rejects(world.client().store.namespace('nowhere'), (error: NamespaceNotFoundError) => {
        return error instanceof NamespaceNotFoundError && error.namespace === 'nowhere'
      })
    }))
})

describe('two writers (G4)', () => {
  test('of different paths both succeed', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await Promise.all([a.put('from-a', 'a'), b.put('from-b', 'b')])
      assert.deepEqual(await contents(a), { 'from-a': 'a', 'from-b': 'b' })
    }))

  test('of the same path never overwrite one another silently: the later one gets a ConflictError that names it', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      const results = await Promise.allSettled([a.put('same', 'a'), b.put('same', 'b')])
      const lost = results.filter(result => result.status === 'rejected')
      assert.equal(lost.length, 1)
      assert.ok(lost[0]?.reason instanceof ConflictError)
      assert.deepEqual(lost[0].reason.paths, ['same'])
    }))

  test('a stale process that overwrites what it never saw is refused, and succeeds once it has looked', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('same', 'a')
      await assert.rejects(b.put('same', 'b'), ConflictError)
      assert.equal(text(await b.get('same')), 'a')
      await b.put('same', 'b')
      assert.equal(text(await a.get('same')), 'b')
    }))

  test('puts of one process never conflict with its own earlier ones, awaited or not', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      const puts: Promise<unknown>[] = []
      for (let i = 0; i < 20; i++) {
        puts.push(a.put('status', `step ${i}`), a.get('status'))
        await world.time.ambient().sleep(3)
      }
      await Promise.all(puts)
      assert.deepEqual(await contents(b), { status: 'step 19' })
    }))

  test('a put that its own process made over a stranger’s unseen one is still a conflict', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      const first = a.put('status', 'a1')
      await world.time.ambient().sleep(3)
      const second = a.put('status', 'a2')
      await Promise.all([first, second])
      await assert.rejects(b.put('status', 'b'), ConflictError)
    }))

  test('a conflict fails only the put that has it, not those that share its commit', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('same', 'a')
      const results = await Promise.allSettled([b.put('same', 'b'), b.put('other', 'b')])
      assert.deepEqual(
        results.map(result => result.status),
        ['rejected', 'fulfilled'],
      )
      assert.deepEqual(await contents(a), { other: 'b', same: 'a' })
    }))

  test('what a transaction read is what it is made against', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('counter', '1')
      const slow = b.commit(async tx => {
        const seen = Number(text(await tx.get('counter')))
        await a.put('counter', '10')
        await b.get('counter') // b knows the newer head by now; its transaction must not
        tx.put('counter', String(seen + 1))
      })
      await assert.rejects(slow, ConflictError)
      assert.equal(text(await a.get('counter')), '10')
    }))

  test('a conflict is found after a compaction has merged what came before and after', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('same', '0')
      await a.put('gone', '0')
      await b.get('same')
      await a.put('same', 'a')
      await a.delete('gone')
      await a.compact()
      await assert.rejects(b.put('same', 'b'), ConflictError)
      const stale = await world.client().store.namespace('shared')
      assert.deepEqual(await contents(stale), { same: 'a' })
    }))

  test('a deletion that compaction has forgotten is still a conflict', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('gone', '0')
      await a.put('stays', '0')
      await b.get('gone')
      await a.delete('gone')
      await a.compact()
      await assert.rejects(b.put('gone', 'b'), ConflictError)
    }))

  test('that both count from 5 to 6 do not lose a count by writing the same', () =>
    inWorld(async world => {
      const [a, b] = await twoWriters(world)
      await a.put('counter', '5')
      await b.get('counter')
      const results = await Promise.allSettled([a.put('counter', '6'), b.put('counter', '6')])
      assert.deepEqual(results.map(result => result.status).sort(), ['fulfilled', 'rejected'])
    }))
})

describe('a commit whose answer is lost (G5)', () => {
  for (const phase of ['before', 'after'] as const) {
    test(`${phase} its effect happens exactly once`, () =>
      inWorld(async world => {
        let lost = 0
        const [a, b] = await twoWriters(world, request => {
          if (!isHeadPut(request) || request.phase !== phase || lost >= 3) return 'pass'
          lost += 1
          return 'lose'
        })
        await a.put('x', '1')
        assert.ok(lost > 0)
        assert.deepEqual(await contents(b), { x: '1' })
        assert.equal((await history(b)).filter(commit => commit.rows > 0).length, 1)
      }))
  }

  test('and which others have committed over by the time it looks, is found in the history', () =>
    inWorld(async world => {
      let lost = false
      const busy = world.client()
      const other = await busy.store.namespace('shared', { create: true })
      const a = await world
        .client({
          weather: async request => {
            if (lost || !isHeadPut(request) || request.phase !== 'after') return 'pass'
            lost = true
            for (let i = 0; i < 150; i++) await other.put(`other/${i}`, String(i))
            await other.idle()
            return 'lose'
          },
        })
        .store.namespace('shared')
      await a.put('x', '1')
      const all = await history(other)
      assert.equal(all.length, 151)
      assert.equal(new Set(all.map(commit => commit.id)).size, 151)
      assert.equal(text(await other.get('x')), '1')
    }))
})

describe('a crash', () => {
  test('at any request of a write leaves either all of it or nothing, and the next writer goes on (G1, G2)', async () => {
    for (let step = 0; step < 6; step++) {
      for (const phase of ['before', 'after'] as const) {
        await inWorld(async world => {
          const b = await world.client().store.namespace('shared', { create: true })
          let seen = 0
          const dying = world.client({
            weather: request => {
              if (request.phase === phase && seen++ === step) dying.kill()
              return 'pass'
            },
          })
          const acknowledged = await endsOrDies(world, async () => {
            const a = await dying.store.namespace('shared')
            await a.commit(tx => {
              tx.put('x', 'x'.repeat(5000))
              tx.put('y', 'y'.repeat(5000))
            })
          })
          await b.put('after', '1')
          const paths = Object.keys(await listed(b))
          if (acknowledged) assert.deepEqual(paths, ['after', 'x', 'y'])
          else assert.ok(paths.length === 1 || paths.length === 3, `saw ${paths}`)
        })
      }
    }
  })
})

async function inWorld(program: (world: World) => Promise<void>): Promise<void> {
  const world = new World()
  await world.run(() => program(world))
}

/** Whether the work ended within a minute of the world's time; a killed client's never does. */
async function endsOrDies(world: World, work: () => Promise<void>): Promise<boolean> {
  const watch = world.time.ambient()
  return Promise.race([work().then(() => true), watch.sleep(60_000).then(() => false)])
}

async function listed(namespace: Namespace): Promise<Record<string, number>> {
  const all: Record<string, number> = {}
  for await (const entry of namespace.list()) all[entry.path] = entry.size
  return all
}

async function history(namespace: Namespace) {
  const commits = []
  for await (const commit of namespace.log()) commits.push(commit)
  return commits
}
