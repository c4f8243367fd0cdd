// The head stays below 64 KiB, and with it what a fork pins, whoever writes: also when only short-lived commands do, which leave large
// layers to others, and when paths are as long as they may be.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { contents, World } from '../support/world.ts'

const LIMIT = 64 * 1024
/** So many that no short-lived command merges their layers: of a few shards each, as the paths are long. */
const ROWS = 1100
const COMMITS = 8

const pathOf = (i: number, length: number): string => `row/${String(i).padStart(length - 4, '0')}`

/** The largest head and pin that stood in the bucket. */
function watched(world: World) {
  const largest = { head: 0, pin: 0 }
  const look = () => {
    for (const [key, { body }] of world.bucket.objects) {
      if (key.endsWith('/_/head')) largest.head = Math.max(largest.head, body.length)
      if (key.includes('/_/forks/')) largest.pin = Math.max(largest.pin, body.length)
    }
  }
  return { largest, look }
}

function assertSmall({ head, pin }: { head: number; pin: number }): void {
  assert.ok(head <= LIMIT, `a head of ${head} bytes`)
  assert.ok(pin <= LIMIT, `a pin of ${pin} bytes`)
}

async function countOf(world: World): Promise<number> {
  let rows = 0
  for await (const _ of (await world.client().store.namespace('p')).list()) rows += 1
  return rows
}

describe('a head that only short-lived processes write', () => {
  test('stays small whatever they commit', async () => {
    const world = new World()
    const { largest, look } = watched(world)
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      for (let commit = 0; commit < COMMITS; commit++) {
        const { store } = world.client()
        const namespace = await store.namespace('p')
        await namespace.commit(tx => {
          for (let i = 0; i < ROWS; i++) tx.put(pathOf(i * COMMITS + commit, 900), '')
        })
        look()
        await store.close()
        look()
      }
      assertSmall(largest)
      assert.equal(await countOf(world), COMMITS * ROWS)
    })
  })

  test('stays small whatever they fold, and so does what the next fork pins', async () => {
    const world = new World()
    const { largest, look } = watched(world)
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      for (let fold = 0; fold < COMMITS; fold++) {
        const { store } = world.client()
        const run = await (await store.namespace('p')).fork(`run-${fold}`)
        look()
        await run.commit(tx => {
          for (let i = 0; i < ROWS; i++) tx.put(pathOf(i * COMMITS + fold, 900), '')
        })
        await run.fold()
        look()
        await store.close()
      }
      assertSmall(largest)
      assert.equal(await countOf(world), COMMITS * ROWS)
    })
  })

  test('stays small when each commit touches the longest paths of all', async () => {
    const world = new World()
    const { largest, look } = watched(world)
    const written: Record<string, string> = {}
    await world.run(async () => {
      await world.client().store.namespace('p', { create: true })
      for (let commit = 0; commit < 30; commit++) {
        const { store } = world.client()
        const namespace = await store.namespace('p')
        await namespace.commit(tx => {
          for (let i = 0; i < 12; i++) {
            const [path, value] = [pathOf((i * 17 + commit) % 90, 900), `${commit}`]
            tx.put(path, value)
            written[path] = value
          }
        })
        look()
        await store.close()
        look()
      }
      assertSmall(largest)
      assert.deepEqual(await contents(await world.client().store.namespace('p')), written)
    })
  })
})

test('a head whose commits have long messages stays small, and its log is whole', async () => {
  const world = new World()
  const { largest, look } = watched(world)
  await world.run(async () => {
    await world.client().store.namespace('p', { create: true })
    for (let commit = 0; commit < 70; commit++) {
      const { store } = world.client()
      await (await store.namespace('p')).put('row', `${commit}`, { message: `${commit} ${'€'.repeat(990)}` })
      look()
      await store.close()
    }
    assertSmall(largest)
    const seqs: number[] = []
    for await (const { seq, message } of (await world.client().store.namespace('p')).log()) {
      assert.ok(message?.startsWith(`${seq - 1} €`))
      seqs.push(seq)
    }
    assert.deepEqual(
      seqs,
      Array.from({ length: 70 }, (_, i) => 70 - i),
    )
  })
})

test('a refresh that settles many paths leaves no large head', async () => {
  const world = new World()
  const { largest, look } = watched(world)
  await world.run(async () => {
    const parent = await world.client().store.namespace('p', { create: true })
    const run = await parent.fork('run', { onConflict: { '**': 'theirs' } })
    for (const side of [parent, run])
      await side.commit(tx => {
        for (let i = 0; i < 500; i++) tx.put(pathOf(i, 100), side.name)
      })
    await run.refresh()
    look()
    assertSmall(largest)
    assert.equal((await contents(run))[pathOf(7, 100)], 'p/run')
  })
})

test('a merge that began before the references of its layers went into nodes is done again, and nothing is lost', async () => {
  const world = new World()
  await world.run(async () => {
    const slow = world.client({
      weather: async ({ operation, key, phase }) => {
        const isUpkeep = phase === 'before' && operation === 'put' && key.includes('/_/index/')
        if (isUpkeep) await slow.ambient.sleep(2_000)
        return 'pass' as const
      },
    })
    const writer = await world.client().store.namespace('p', { create: true })
    const put = (commit: number) =>
      writer.commit(tx => {
        for (let i = 0; i < ROWS; i++) tx.put(pathOf(i * COMMITS + commit, 900), '')
      })
    writer.stopUpkeep()
    for (let commit = 0; commit < 4; commit++) await put(commit)
    const compacting = (await slow.store.namespace('p')).compact()
    for (let commit = 4; commit < COMMITS; commit++) await put(commit)
    await compacting
    assert.equal(await countOf(world), COMMITS * ROWS)
  })
})
