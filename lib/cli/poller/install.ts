// `runlet poller install NAME --every 60s -- CMD`: has launchd or systemd start it. All is parsed, found and tried out before anything
// is written.
import { fileURLToPath } from 'node:url'
import { systemAmbient } from '../../ambient.ts'
import { findConfig } from '../../config.ts'
import { InvalidArgumentError } from '../../errors.ts'
import { assertStarts, isPassing } from '../../integrations/poller/check.ts'
import {
  assertPlain,
  environmentToKeep,
  lastingNode,
  locate,
  secretsIn,
} from '../../integrations/poller/environment.ts'
import { install, type Plan, planOf } from '../../integrations/poller/install.ts'
import type { Places } from '../../integrations/poller/places.ts'
import { type Poller, shownCommand } from '../../integrations/poller/poller.ts'
import { parseS3Url } from '../../store/s3/s3-url.ts'
import type { Context, SharedOptions, Verb } from '../context.ts'
import { parseDuration } from '../durations.ts'
import type { OnError } from '../on-error.ts'
import type { Output } from '../output.ts'
import { parsePollerName, pollerPlaces } from './place.ts'

interface InstallOptions {
  readonly every: string
  readonly jitter?: string
  readonly timeout?: string
  readonly onError: OnError
  readonly print?: true
}

const MOST_MS = 30 * 86_400_000
const USUAL_JITTER_MS = 30_000

export const verb: Verb<InstallOptions, [name: string, program: string, args: string[]]> = async (
  context,
  options,
  name,
  program,
  args,
) => {
  const places = pollerPlaces()
  const poller = await definition(context.shared, options, name, [program, ...args])
  const plan = planOf(poller, places)
  await assertStarts(poller, process.env)
  if (options.print) return print(plan, poller, places, context)
  const { replaced } = await install(poller, places)
  const about = { name: poller.name, replaced, everyMs: poller.everyMs, command: poller.command, folder: poller.folder }
  await context.output.result(
    about,
    `${replaced ? 'replaced' : 'installed'} ${poller.name}, every ${options.every}: ${shownCommand(poller.command)}`,
  )
  advise(poller, places, context.output)
  return undefined
}

async function definition(
  shared: SharedOptions,
  options: InstallOptions,
  name: string,
  [program, ...args]: [string, ...string[]],
): Promise<Poller> {
  const segment = parsePollerName(name)
  const times = parseTimes(options)
  if (program === '') throw new InvalidArgumentError('<program>', 'is empty', 'Name a program after "--".')
  const here = withShared(shared)
  const folder = process.cwd()
  assertPlain('the folder', folder)
  const environment = await environmentToKeep(here)
  await assertStore(environment, folder)
  const node = await lastingNode(process.execPath, environment)
  const main = fileURLToPath(new URL('../main.js', import.meta.url))
  const command: Poller['command'] = [await locate(program, environment, folder), ...args]
  for (const [what, path] of Object.entries({ node, runlet: main })) assertPlain(`path of ${what}`, path)
  const installedAt = systemAmbient.now()
  return {
    format: 1,
    name: segment,
    ...times,
    onError: options.onError,
    command,
    folder,
    environment,
    node,
    main,
    installedAt,
  }
}

function parseTimes({ every, jitter, timeout }: InstallOptions): Pick<Poller, 'everyMs' | 'jitterMs' | 'timeoutMs'> {
  const everyMs = parseDuration('--every', every, { least: 10_000, most: MOST_MS })
  if (everyMs % 1000 !== 0) throw new InvalidArgumentError('--every', `${every} is no whole seconds`, 'Round it.')
  const most = Math.floor(everyMs / 2)
  const usual = Math.min(everyMs / 10, USUAL_JITTER_MS)
  const jitterMs = jitter === undefined ? usual : parseDuration('--jitter', jitter, { least: 0, most })
  if (timeout === undefined) return { everyMs, jitterMs }
  return { everyMs, jitterMs, timeoutMs: parseDuration('--timeout', timeout) }
}

/** The environment in which `runlet run` finds what this command was told by its options. */
function withShared({ store, namespace }: SharedOptions): NodeJS.ProcessEnv {
  if (process.env.RUNLET_RUN_ID) {
    const problem = 'this is inside a run, which a poller would outlive'
    throw new InvalidArgumentError('RUNLET_RUN_ID', problem, 'Install it outside of `runlet run`.')
  }
  for (const [option, value] of Object.entries({ '--store': store, '--namespace': namespace })) {
    if (value === '') throw new InvalidArgumentError(option, 'is empty', 'Give a value, or leave the option out.')
  }
  return {
    ...process.env,
    ...(store !== undefined && { RUNLET_STORE: store }),
    ...(namespace !== undefined && { RUNLET_NAMESPACE: namespace }),
  }
}

/** That the poller will find a store which outlives a start, by a URL without secrets. @throws ConfigError, InvalidStoreUrlError */
async function assertStore(environment: Readonly<Record<string, string>>, folder: string): Promise<void> {
  const { store } = await findConfig({ folder }, environment)
  if (store.startsWith('memory:')) {
    throw new InvalidArgumentError('--store', 'a memory store ends with each start', 'Use file: or s3:.')
  }
  if (!store.startsWith('file:')) parseS3Url(store)
}

async function print({ files, steps }: Plan, poller: Poller, places: Places, { output }: Context): Promise<undefined> {
  if (output.json) {
    await output.document({ files, commands: steps.map(({ command }) => command) })
    return undefined
  }
  for (const { path, text } of files) {
    await output.line(output.bold(`==> ${path}`))
    await output.line(text)
  }
  await output.line(output.bold('==> and then'))
  for (const { command } of steps) await output.line(shownCommand(command))
  advise(poller, places, output)
  return undefined
}

function advise({ name, main, environment }: Poller, { platform }: Places, output: Output): void {
  const secrets = secretsIn(process.env)
  if (secrets.length > 0 && !environment.AWS_PROFILE) {
    const remedy =
      'put them in a profile (`aws configure --profile NAME`), and install again with AWS_PROFILE=NAME, which is passed on'
    output.say(`${secrets.join(', ')}: secrets are not written down, so ${name} will not have them; ${remedy}`)
  }
  if (isPassing(main)) output.say(`${main} is npx's and may be cleared away: install runlet, and ${name} again with it`)
  if (platform === 'linux') output.say('it runs while you are logged in; `loginctl enable-linger` keeps it going after')
}
