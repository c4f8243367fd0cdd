// Worlds for the tests of `runlet poller`: a place with a file store, a home of its own, and stand-ins for the scheduler's commands.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after } from 'node:test'
import { install } from '../../lib/integrations/poller/install.ts'
import type { Places } from '../../lib/integrations/poller/places.ts'
import type { Poller } from '../../lib/integrations/poller/poller.ts'
import { type Tally, TallyKeeper } from '../../lib/integrations/poller/tally.ts'
import { parseSegment } from '../../lib/names.ts'
import { aPoller, placesIn, type StandIns, standIns } from '../integrations/poller/support.ts'
import { CommandServer } from '../support/command-server.ts'
import { ROOT } from '../support/programs.ts'
import { aFolder, aPlace, type Ended, type Place, type Started } from './support.ts'

export interface World extends Place {
  readonly home: string
  readonly told: StandIns
  readonly env: NodeJS.ProcessEnv
  readonly places: Places
  /** Runs `runlet`, in a process that serves one call after the other. */
  readonly served: (args: readonly string[], at?: { cwd?: string; env?: NodeJS.ProcessEnv }) => Promise<Ended>
  /** The same for the verbs of `runlet poller`; what starts the poller has a process of its own. */
  readonly poller: (...args: string[]) => Promise<Ended>
  readonly startPoller: (...args: string[]) => Started
  /** Installs the poller `p` that runs a script in a shell, without the command. */
  readonly install: (script: string, given?: Partial<Poller>) => Promise<void>
  readonly tally: () => Promise<Tally>
}

export const NAME = parseSegment('p', 'name')
const MAIN = join(ROOT, 'dist', 'cli', 'main.js')
const PLATFORM = process.platform === 'darwin' ? 'darwin' : 'linux'

const commands = new CommandServer()
after(() => commands.stop())

// For what is installed without the command.
Object.assign(process.env, (await standIns(join(await aFolder(), 'stand-ins'))).env)

export async function aWorld(): Promise<World> {
  const place = await aPlace()
  const home = await aFolder()
  const told = await standIns(join(home, 'stand-ins'))
  const none = ['XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'AWS_PROFILE', 'AWS_SECRET_ACCESS_KEY', 'AWS_ACCESS_KEY_ID']
  const env = { ...Object.fromEntries(none.map(name => [name, undefined])), ...told.env, HOME: home }
  const outer = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RUNLET_')))
  const served: World['served'] = (args, at = {}) =>
    commands.call({ args, cwd: at.cwd ?? place.folder, env: { ...outer, ...(at.env ?? env) }, input: '' })
  const startPoller: World['startPoller'] = (...args) => place.start(['poller', ...args], { env })
  const places = placesIn(home, PLATFORM)
  const fixed = { name: NAME, node: process.execPath, main: MAIN, folder: place.folder }
  return {
    ...place,
    home,
    told,
    env,
    places,
    startPoller,
    served,
    poller: (...args) => (args[0] === 'run-now' ? startPoller(...args).ended : served(['poller', ...args])),
    install: async (script, given) => {
      const environment = { PATH: process.env.PATH ?? '' }
      await install(aPoller({ ...fixed, environment, command: ['/bin/sh', '-c', script], ...given }), places)
    },
    tally: () => new TallyKeeper(places, NAME).read(),
  }
}

/** Of a home, without the stand-ins. */
export const allFilesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => !entry.isDirectory() && !join(entry.parentPath, entry.name).includes('stand-ins'))
    .map(entry => join(entry.parentPath, entry.name))
