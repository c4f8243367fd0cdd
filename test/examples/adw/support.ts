// A world for the tests of the ADW driver: a repository of its own, in which the example runs as a user starts it, in processes that can
// be held within a phase and killed there.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { makeSampleRepository } from '../../../examples/adw/sample-repository.ts'
import { PHASES, parseState, type State } from '../../../examples/adw/state.ts'
import { type Namespace, openStore, type Store } from '../../../lib/index.ts'
import { ROOT } from '../../support/programs.ts'

const DRIVER = join(ROOT, 'examples', 'adw', 'main.ts')
const HELD_AGENT = fileURLToPath(new URL('./held-agent.mjs', import.meta.url))
const WATCHED = [process.execPath, HELD_AGENT].map(part => part.replaceAll(' ', '\\ ')).join(' ')
/** For a driver to get to the phases in which it is held. */
const MOST_WAIT_MS = 120_000
export const ALL_DONE = PHASES.flatMap(phase => [`${phase} started`, `${phase} finished`])

export const eventsOf = ({ transitions }: State): string[] =>
  transitions.map(({ phase, became }) => `${phase} ${became}`)

export async function stateOf(namespace: Namespace, id: string): Promise<State> {
  const path = `adw/${id}/state.json`
  return parseState(Buffer.from((await namespace.get(path)) ?? []).toString(), path)
}

export type DriverWorld = Awaited<ReturnType<typeof aDriverWorld>>

export async function aDriverWorld() {
  const repository = await makeSampleRepository()
  const temporary = await mkdtemp(join(tmpdir(), 'runlet-adw-test-'))

  function drive(args: readonly string[], env: Record<string, string> = {}) {
    const command = ['--import', import.meta.resolve('tsx'), DRIVER, '--repo', repository, ...args]
    return execa(process.execPath, command, {
      cwd: ROOT,
      reject: false,
      env: { RUNLET_STORE: '', ADW_AGENT: '', ...env },
    })
  }

  async function withStore<T>(look: (store: Store) => Promise<T>): Promise<T> {
    const store = await openStore(`file:${repository}.adw/store`)
    try {
      return await look(store)
    } finally {
      await store.close()
    }
  }

  /** A driver whose n-th workflow is held in its n-th phase, and what lets it go. */
  async function heldDriver(id: string, workflows: number, ...args: string[]) {
    const [hold, calls] = [join(temporary, `${id}-hold`), join(temporary, `${id}-calls`)]
    await mkdir(hold)
    const commands = ['--agent', WATCHED, '--test', WATCHED, '--ttl', '10s']
    const common = ['--id', id, '--workflows', String(workflows), ...commands, ...args]
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

  return {
    repository,
    drive,
    heldDriver,
    git: async (...args: string[]) => (await execa('git', args, { cwd: repository })).stdout,
    withStore,
    withNamespace: <T>(look: (namespace: Namespace) => Promise<T>): Promise<T> =>
      withStore(async store => look(await store.namespace('adw'))),
    remove: async () => {
      for (const folder of [dirname(repository), temporary])
        await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
