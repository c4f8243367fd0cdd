// The ADW example as a user runs it: a process of its own, on its own repository, killed and started again.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { PHASES } from '../../../examples/adw/state.ts'
import { ALL_DONE, aDriverWorld, type DriverWorld, eventsOf, stateOf } from './support.ts'

describe('the ADW example', { concurrency: 3 }, () => {
  let world: DriverWorld
  before(async () => {
    world = await aDriverWorld()
  })
  after(() => world.remove())

  const treeOf = (id: string) => world.git('rev-parse', `adw/${id}^{tree}`)

  test('takes the same tasks through all phases in either mode, and tells how long they waited', async () => {
    const { exitCode, stdout, stderr } = await world.drive(['--id', 'calm', '--workflows', '2', '--shared', '--runs'])
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, /^ +one for all +a run each$/m)
    assert.match(stdout, /^writes +40 +40$/m)
    assert.match(
      stdout,
      /^With a run each, the workflows waited \d+ % (less|more): [\d.,]+ ms instead of [\d.,]+ ms\.$/m,
    )
    const lines = stderr.split('\n').filter(line => line.startsWith('calm-2 '))
    assert.deepEqual(
      lines,
      ALL_DONE.map(event => `calm-2 ${event}`),
    )
    await world.withNamespace(async namespace => {
      for (const id of ['calm-1', 'calm-2', 'calm-shared-1', 'calm-shared-2'])
        assert.deepEqual(eventsOf(await stateOf(namespace, id)), ALL_DONE)
      const { base, transitions } = await stateOf(namespace, 'calm-1')
      assert.equal(base, await world.git('rev-parse', 'main'))
      assert.equal(transitions.at(-1)?.commit, await world.git('rev-parse', 'adw/calm-1'))
      assert.deepEqual(
        (await namespace.runs()).filter(run => run.id.startsWith('calm')),
        [],
      )
    })
    // The default agent is deterministic: the same files, whoever drove it.
    assert.equal(await treeOf('calm-1'), await treeOf('calm-shared-1'))
    assert.notEqual(await treeOf('calm-1'), await treeOf('calm-2'))
    assert.equal(await world.git('diff', '--numstat', 'main', 'adw/calm-1'), '2\t0\tCHANGELOG.md\n2\t0\tsrc/money.mjs')
  })

  test('killed in each of its phases, goes on with the first that was not finished', async () => {
    const held = await world.heldDriver('crash', PHASES.length)
    held.driver.kill('SIGKILL')
    await held.driver
    const { exitCode, stderr } = await held.again()
    await held.letGo()
    assert.equal(exitCode, 0, stderr)
    const calls = await held.calls()
    for (const [i, killedIn] of PHASES.entries()) {
      const id = `crash-${i + 1}`
      for (const phase of PHASES)
        assert.equal(
          calls.filter(call => call === `${id} ${phase}`).length,
          phase === killedIn ? 2 : 1,
          `${id} ${phase}`,
        )
      const state = await world.withNamespace(namespace => stateOf(namespace, id))
      assert.deepEqual(eventsOf(state), ALL_DONE.toSpliced(2 * i, 0, `${killedIn} started`))
      assert.doesNotMatch(await world.git('ls-tree', '--name-only', `adw/${id}`), /half-done/)
    }
    // Killed in the first phase or in the last, on the same task: the same files.
    assert.equal(await treeOf('crash-1'), await treeOf('crash-5'))
    const runs = await world.withNamespace(namespace => namespace.runs())
    assert.ok(!runs.some(run => run.id.startsWith('crash')), 'all are folded')
    assert.doesNotMatch(await world.git('worktree', 'list'), /crash/)
  })

  test('goes on after a kill in one namespace for all, too', async () => {
    const held = await world.heldDriver('common-shared', 1, '--shared')
    held.driver.kill('SIGKILL')
    await held.driver
    const { exitCode, stderr } = await held.again()
    await held.letGo()
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(
      (await held.calls()).slice(0, 3).map(call => call.split(' ')[1]),
      ['plan', 'plan', 'build'],
    )
  })

  test('interrupted, lets go of its runs at once', async () => {
    const held = await world.heldDriver('stopped', 1)
    held.driver.kill('SIGINT')
    const { exitCode, stderr } = await held.driver
    assert.equal(exitCode, 130)
    assert.match(stderr, /^Interrupted\./m)
    const runs = await world.withNamespace(namespace => namespace.runs())
    assert.deepEqual(
      runs.filter(run => run.id === 'stopped-1').map(({ state, owner }) => ({ state, owner })),
      [{ state: 'open', owner: undefined }],
    )
    await held.letGo()
  })

  test('exits 2 when it is called wrongly, 1 when there is no agent', async () => {
    for (const [args, code, message] of [
      [['--workflows', '0'], 2, /--workflows: "0" is not .*\n\nUsage: npm run demo:adw/],
      [['--id', 'none', '--workflows', '1', '--agent', './nowhere'], 1, /^"\.\/nowhere" cannot be started/m],
    ] as const) {
      const { exitCode, stderr } = await world.drive(args)
      assert.equal(exitCode, code)
      assert.match(stderr, message)
    }
  })
})
