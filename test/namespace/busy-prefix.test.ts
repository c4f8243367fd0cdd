// One busy prefix: 40% of all rows, and more than a thousand versions of the same names. It must not make anybody's write slower: neither its
// rows nor the upkeep that it causes cost who writes beside it more than a look at a head that somebody else has just swapped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Meter, metered } from '../../lib/store/metered-store.ts'
import { World } from '../support/world.ts'

const ROWS = 5000
const NAMES = 10
const VERSIONS = 120
const KIB = 1024

test('a write beside a busy prefix takes few requests and bytes, in a new process and in one that goes on', async () => {
  const world = new World()
  await world.run(async () => {
    const maker = await world.client().store.namespace('p', { create: true })
    await maker.commit(tx => {
      for (let i = 0; i < ROWS; i++) tx.put(i % 5 < 2 ? `busy/${i}` : `calm/${i % 40}/${i}`, 'x')
    })
    const busy = await world.client().store.namespace('p')
    let ends = false
    const hammering = (async () => {
      let puts = 0
      for (; !ends || puts < VERSIONS * NAMES; puts++) await busy.put(`busy/name-${puts % NAMES}`, `${puts}`.repeat(50))
      return puts
    })()
    const costs: Meter[] = []
    const put = async (namespace: typeof busy, path: string) => {
      const meter: Meter = { requests: 0, bytesUp: 0, bytesDown: 0 }
      await metered(meter, () => namespace.put(path, 'y'.repeat(1000)))
      costs.push(meter)
    }
    const warm = await world.client().store.namespace('p')
    for (let i = 0; i < 15; i++) {
      await put(warm, `calm/warm/${i}`)
      const { store } = world.client()
      await put(await store.namespace('p', { assumeExists: true }), `calm/new/${i}`)
      await store.close()
      await world.client().ambient.sleep(500)
    }
    ends = true
    const puts = await hammering
    assert.ok(puts >= VERSIONS * NAMES)
    const most = (of: (meter: Meter) => number) => Math.max(...costs.map(of))
    assert.ok(most(({ requests }) => requests) <= 32, `a write of ${most(({ requests }) => requests)} requests`)
    const bytes = most(({ bytesUp, bytesDown }) => bytesUp + bytesDown)
    assert.ok(bytes <= 384 * KIB, `a write of ${bytes} bytes`)
    const reader = await world.client().store.namespace('p')
    assert.equal(
      Buffer.from((await reader.get(`busy/name-${(puts - 1) % NAMES}`)) ?? []).toString(),
      `${puts - 1}`.repeat(50),
    )
    let rows = 0
    for await (const _ of reader.list()) rows += 1
    assert.equal(rows, ROWS + NAMES + 30)
  })
})
