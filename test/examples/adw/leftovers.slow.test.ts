// What the ADW example leaves when its driver is killed: nothing that a sweep and the next driver do not settle, and nothing that stands
// in the way of its own id.
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ageLeases } from '../../support/aged-leases.ts'
import { ALL_DONE, aDriverWorld, type DriverWorld, eventsOf, stateOf } from './support.ts'

/** However slow this machine is, no driver loses a lease that it still works with. */
const LONG = ['--ttl', '10m']

describe('a workflow of the ADW example', () => {
  let world: DriverWorld
  beforeEach(async () => {
    world = await aDriverWorld()
  })
  afterEach(() => world.remove())

  /** What `runlet sweep` does once the leases have run out and the days are over for which a run is kept. */
  const sweep = async () => {
    await ageLeases(`${world.repository}.adw/store`, 30 * 60_000)
    await world.withStore(store => store.sweep({ keepMs: 0 }))
  }
  const openRuns = () => world.withNamespace(async namespace => (await namespace.runs()).map(({ id }) => id))

  test('that nobody starts again leaves nothing, once a sweep has given it up, to the next driver of any', async () => {
    const held = await world.heldDriver('left', 2, ...LONG)
    held.driver.kill('SIGKILL')
    await held.driver
    await held.letGo()
    const trees = `${world.repository}.adw/trees`
    assert.deepEqual((await readdir(trees)).sort(), ['left-1', 'left-2'])
    await sweep()
    assert.deepEqual(await openRuns(), [])
    assert.equal((await world.drive(['--id', 'next', '--workflows', '1'])).exitCode, 0)
    assert.equal((await world.git('worktree', 'list')).split('\n').length, 1)
    assert.equal(await world.git('branch', '--list', '--format=%(refname:short)', 'adw/*'), 'adw/next-1')
    assert.deepEqual(await readdir(trees), [])
  })

  test('that can be gone on with keeps its worktree while others come and go', async () => {
    const held = await world.heldDriver('mine', 1, ...LONG)
    held.driver.kill('SIGINT')
    await held.driver
    await held.letGo()
    assert.equal((await world.drive(['--id', 'next', '--workflows', '1'])).exitCode, 0)
    assert.match(await world.git('worktree', 'list'), /\/mine-1\//)
    assert.deepEqual(await openRuns(), ['mine-1'])
  })

  test('begins anew when it is started again after a sweep has given it up', async () => {
    const held = await world.heldDriver('anew', 2, ...LONG)
    held.driver.kill('SIGKILL')
    await held.driver
    await sweep()
    const { exitCode, stderr } = await held.again()
    await held.letGo()
    assert.equal(exitCode, 0, stderr)
    const state = await world.withNamespace(namespace => stateOf(namespace, 'anew-2'))
    assert.deepEqual(eventsOf(state), ALL_DONE)
  })

  test('takes no branch that is somebody else’s, and then forks no run', async () => {
    for (const [branch, ...args] of [
      ['adw/taken-1', '--id', 'taken'],
      ['adw/other-shared-1', '--id', 'other', '--shared'],
    ] as const) {
      await world.git('branch', branch, 'main')
      const { exitCode, stderr } = await world.drive(['--workflows', '1', ...args])
      assert.equal(exitCode, 1)
      assert.match(stderr, new RegExp(`has a branch ${branch} already: delete it`))
      assert.equal(await world.git('rev-parse', branch), await world.git('rev-parse', 'main'))
      assert.deepEqual(await openRuns(), [])
    }
  })
})
