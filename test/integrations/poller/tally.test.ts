// The counts of a poller: none is lost, and who was killed is counted too.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { folderOf } from '../../../lib/integrations/poller/poller.ts'
import { afterEnd, settled, type Tally, TallyKeeper } from '../../../lib/integrations/poller/tally.ts'
import { aPoller, placesIn } from './support.ts'

const home = await mkdtemp(join(tmpdir(), 'test-tally-'))
after(() => rm(home, { recursive: true, force: true }))
const places = placesIn(home, 'linux')
const { name } = aPoller()
await mkdir(folderOf(places, name), { recursive: true })

const NONE: Tally = { counts: { ok: 0, failed: 0, timeout: 0, stopped: 0, killed: 0, skipped: 0 }, atWork: [] }
const atWork = (id: string, startedAt: number, pid = 7) => ({ id, pid, startedAt })

describe('a tally', () => {
  test('loses no count when many begin and end at once, and what was killed is counted once', async () => {
    const keeper = () => new TallyKeeper(places, name)
    const dead = spawnSync(process.execPath, ['--version']).pid
    await keeper().begin(dead)
    const one = async (i: number) => {
      const { id } = await keeper().begin(process.pid)
      await keeper().end(id, { outcome: i % 3 === 0 ? undefined : 'ok', exitCode: 0, missed: i % 2 })
    }
    await Promise.all(Array.from({ length: 12 }, (_, i) => one(i)))
    const tally = await keeper().read()
    assert.deepEqual(tally.counts, { ok: 8, failed: 0, timeout: 0, stopped: 0, killed: 1, skipped: 4 + 6 })
    assert.deepEqual(tally.atWork, [])
  })

  test('of a poller that was uninstalled does not come back', async () => {
    const gone = aPoller({ name: 'gone' as never }).name
    const keeper = new TallyKeeper(places, gone)
    await keeper.end((await keeper.begin(process.pid)).id, { outcome: 'ok', exitCode: 0, missed: 0 })
    assert.deepEqual(await keeper.read(), NONE)
    assert.deepEqual(await readdir(places.state), ['mail'])
  })
})

describe('the next tally', () => {
  test('has who is gone as killed, and as the last result unless there is a later one', () => {
    const tally = { ...NONE, atWork: [atWork('a', 10), atWork('b', 20), atWork('c', 30, 8)] }
    const found = settled(tally, ({ pid }) => pid === 8)
    assert.deepEqual(found.atWork, [atWork('c', 30, 8)])
    assert.equal(found.counts.killed, 2)
    assert.deepEqual(found.last, { outcome: 'killed', startedAt: 20 })
    const last = { outcome: 'ok', exitCode: 0, startedAt: 25, endedAt: 29 } as const
    assert.deepEqual(settled({ ...tally, last }, () => false).last, { outcome: 'killed', startedAt: 30 })
    assert.deepEqual(settled({ ...tally, last }, ({ pid }) => pid === 8).last, last)
    assert.equal(
      settled(tally, () => true),
      tally,
    )
  })

  test('has a skip beside the last result, not in its place', () => {
    const last = { outcome: 'failed', exitCode: 3, startedAt: 1, endedAt: 2 } as const
    const next = afterEnd(
      { ...NONE, last, atWork: [atWork('a', 10)] },
      'a',
      { outcome: undefined, exitCode: 75, missed: 0 },
      50,
    )
    assert.deepEqual(next, { counts: { ...NONE.counts, skipped: 1 }, atWork: [], last, lastSkippedAt: 50 })
  })

  test('takes back that it took somebody for dead', () => {
    const wrong = settled({ ...NONE, atWork: [atWork('a', 10)] }, () => false)
    const next = afterEnd(wrong, 'a', { outcome: 'ok', exitCode: 0, missed: 0 }, 50)
    assert.deepEqual([next.counts.killed, next.counts.ok], [0, 1])
    assert.equal(next.last?.outcome, 'ok')
  })
})
