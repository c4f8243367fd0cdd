// The ADW example as a user runs it: a process of its own, on its own repository, killed and started again.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { makeSampleRepository } from '../../../examples/adw/sample-repository.ts'
import { PHASES, parseState, type State } from '../../../examples/adw/state.ts'
import { type Namespace, openStore } from '../../../lib/index.ts'
import { ROOT } from '../../support/programs.ts'

const DRIVER = join(ROOT, 'examples', 'adw', 'main.ts')
const HELD_AGENT = fileURLToPath(new URL('./held-agent.mjs', import.meta.url))
const WATCHED = [process.execPath, HELD_AGENT].map(part => part.replaceAll(' ', '\\ ')).join(' ')
/** For a driver to get to the phases in which it is held. */
const MOST_WAIT_MS = 120_000
const ALL_DONE = PHASES.flatMap(phase => [`${phase} started`, `${phase} finished`])

describe('the ADW example', { concurrency: 3 }, () => {
  let repository: string
  let temporary: string
  before(async () => {
    repository = await makeSampleRepository()
    temporary = await mkdtemp(join(tmpdir(), 'runlet-adw-test-'))
  })
  after(async () => {
    await rm(dirname(repository), { recursive: true, force: true, maxRetries: 3 })
    await rm(temporary, { recursive: true, force: true, maxRetries: 3 })
  })

  function drive(args: readonly string[], env: Record<string, string> = {}) {
    const command = ['--import', import.meta.resolve('tsx'), DRIVER, '--repo', repository, ...args]
    return execa(process.execPath, command, {
      cwd: ROOT,
      reject: false,
      env: { RUNLET_STORE: '', ADW_AGENT: '', ...env },
    })
  }
  const git = async (...args: string[]) => (await execa('git', args, { cwd: repository })).stdout
  const treeOf = (id: string) => git('rev-parse', `adw/${id}^{tree}`)

  async function withNamespace<T>(look: (namespace: Namespace) => Promise<T>): Promise<T> {
    const store = await openStore(`file:${repository}.adw/store`)
    try {
      return await look(await store.namespace('adw'))
    } finally {
      await store.close()
    }
  }

  async function stateOf(namespace: Namespace, id: string): Promise<State> {
    const path = `adw/${id}/state.json`
    return parseState(Buffer.from((await namespace.get(path)) ?? []).toString(), path)
  }
  const eventsOf = ({ transitions }: State) => transitions.map(({ phase, became }) => `${phase} ${became}`)

  /** A driver whose n-th workflow is held in its n-th phase, and what lets it go. */
  async function heldDriver(id: string, workflows: number, ...args: string[]) {
    const [hold, calls] = [join(temporary, `${id}-hold`), join(temporary, `${id}-calls`)]
    await mkdir(hold)
    const common = [
      '--id',
      id,
      '--workflows',
      String(workflows),
      '--agent',
      WATCHED,
      '--test',
      WATCHED,
      '--ttl',
      '10',
      ...args,
    ]
    const driver = drive(common, { ADW_CALLS: calls, ADW_HOLD: hold })
    const givesUpAt = performance.now() + MOST_WAIT_MS
    while ((await readdir(hold)).length < workflows) {
      if (driver.exitCode === null && performance.now() > givesUpAt) driver.kill('SIGKILL')
      if (driver.exitCode !== null || driver.killed) assert.fail(`was never held: ${(await driver).stderr}`)
      await pause(20)
    }
    return {
      driver,
      again: () => drive(common, { ADW_CALLS: calls }),
      letGo: () => rm(hold, { recursive: true }),
      calls: async () => (await readFile(calls, 'utf8')).trimEnd().split('\n'),
    }
  }

  test('takes the same tasks through all phases in either mode, and tells how long they waited', async () => {
    const { exitCode, stdout, stderr } = await drive(['--id', 'calm', '--workflows', '2', '--shared', '--runs'])
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
    await withNamespace(async namespace => {
      for (const id of ['calm-1', 'calm-2', 'calm-shared-1', 'calm-shared-2'])
        assert.deepEqual(eventsOf(await stateOf(namespace, id)), ALL_DONE)
      const { base, transitions } = await stateOf(namespace, 'calm-1')
      assert.equal(base, await git('rev-parse', 'main'))
      assert.equal(transitions.at(-1)?.commit, await git('rev-parse', 'adw/calm-1'))
      assert.deepEqual(
        (await namespace.runs()).filter(run => run.id.startsWith('calm')),
        [],
      )
    })
    // The default agent is deterministic: the same files, whoever drove it.
    assert.equal(await treeOf('calm-1'), await treeOf('calm-shared-1'))
    assert.notEqual(await treeOf('calm-1'), await treeOf('calm-2'))
    assert.equal(await git('diff', '--numstat', 'main', 'adw/calm-1'), '2\t0\tCHANGELOG.md\n2\t0\tsrc/money.mjs')
  })

  test('killed in each of its phases, goes on with the first that was not finished', async () => {
    const held = await heldDriver('crash', PHASES.length)
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
      const state = await withNamespace(namespace => stateOf(namespace, id))
      assert.deepEqual(eventsOf(state), ALL_DONE.toSpliced(2 * i, 0, `${killedIn} started`))
      assert.doesNotMatch(await git('ls-tree', '--name-only', `adw/${id}`), /half-done/)
    }
    // Killed in the first phase or in the last, on the same task: the same files.
    assert.equal(await treeOf('crash-1'), await treeOf('crash-5'))
    const runs = await withNamespace(namespace => namespace.runs())
    assert.ok(!runs.some(run => run.id.startsWith('crash')), 'all are folded')
    assert.doesNotMatch(await git('worktree', 'list'), /crash/)
  })

  test('goes on after a kill in one namespace for all, too', async () => {
    const held = await heldDriver('common-shared', 1, '--shared')
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
    const held = await heldDriver('stopped', 1)
    held.driver.kill('SIGINT')
    const { exitCode, stderr } = await held.driver
    assert.equal(exitCode, 130)
    assert.match(stderr, /^Interrupted\./m)
    const runs = await withNamespace(namespace => namespace.runs())
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
      const { exitCode, stderr } = await drive(args)
      assert.equal(exitCode, code)
      assert.match(stderr, message)
    }
  })
})
