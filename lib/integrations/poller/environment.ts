// The environment of a poller. launchd and systemd start programs with next to nothing: no shell, a short PATH. So what the user has
// when installing is written down: where the command is, a PATH that has what it needs, which store. Secrets are not: files of
// schedulers are no place for them. Pure, but for looks at the file system.
import { access, constants, realpath, stat } from 'node:fs/promises'
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { PollerCommandError } from './errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Written down: where things are, and which account is to be used, but no secret. */
const PASSED_ON = [
  'RUNLET_STORE',
  'RUNLET_NAMESPACE',
  'RUNLET_CACHE',
  'AWS_PROFILE',
  'AWS_REGION',
  'AWS_DEFAULT_REGION',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CA_BUNDLE',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_S3',
  'NODE_EXTRA_CA_CERTS',
  'XDG_STATE_HOME',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_DATA_HOME',
  'LANG',
  'LC_ALL',
  'TZ',
]

const SECRETS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

/** What every session of the user has, anew each time. */
const OF_THE_SESSION = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'XDG_RUNTIME_DIR', 'SSH_AUTH_SOCK']

/** Folders of links that fnm makes for each shell, and that go with it: what they lead to stays. */
const OF_THE_SHELL = /^\/run\/|_multishells\//

const STANDARD_PATH = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** What of this environment the poller is given. */
export async function environmentToKeep(here: Environment): Promise<Record<string, string>> {
  const kept = valuesOf(here, PASSED_ON)
  for (const [name, value] of Object.entries(kept)) assertPlain(name, value)
  return { PATH: await usablePath(here.PATH ?? ''), ...kept }
}

/** The secrets that the user has and the poller will not have. */
export const secretsIn = (here: Environment): string[] => SECRETS.filter(name => here[name])

/** All that a poller's command gets, in a session that has `here`. */
export const fullEnvironment = (kept: Readonly<Record<string, string>>, here: Environment): Record<string, string> => ({
  ...valuesOf(here, OF_THE_SESSION),
  ...kept,
})

/** Of what is no text without control characters, neither a unit file nor a property list can speak. */
export function assertPlain(what: string, text: string): void {
  if (!/[\p{Cc}\p{Cs}\ufffe\uffff]/u.test(text)) return
  throw new InvalidArgumentError(what, `has a control character: ${JSON.stringify(text)}`, 'Rename it without one.')
}

function valuesOf(environment: Environment, names: readonly string[]): Record<string, string> {
  const found = names.flatMap(name => (environment[name] ? [[name, environment[name]] as const] : []))
  return Object.fromEntries(found)
}

/** The folders of the user's PATH that a poller can use too, and the usual ones. */
async function usablePath(path: string): Promise<string> {
  const given = [...path.split(delimiter), ...STANDARD_PATH].filter(isAbsolute)
  const lasting = (entry: string) => (OF_THE_SHELL.test(entry) ? realpath(entry).catch(() => entry) : entry)
  const entries = [...new Set(await Promise.all(given.map(lasting)))]
  const there = await Promise.all(entries.map(async entry => (await stat(entry).catch(() => undefined))?.isDirectory()))
  const usable = entries.filter((_, i) => there[i]).join(delimiter)
  assertPlain('PATH', usable)
  return usable
}

/** The absolute path of a command, as a shell in `folder` would find it. @throws PollerCommandError */
export async function locate(command: string, { PATH = '' }: Environment, folder: string): Promise<string> {
  if (command.includes('/')) {
    const path = resolve(folder, command)
    if (await isExecutable(path)) return path
    throw new PollerCommandError(path, 'is no file that can be executed', 'Check the path, and `chmod +x` it.')
  }
  for (const entry of PATH.split(delimiter).filter(isAbsolute)) {
    if (await isExecutable(join(entry, command))) return join(entry, command)
  }
  const remedy = "Give its whole path; an alias or function of your shell needs the shell: -- sh -c '…'."
  throw new PollerCommandError(command, 'is not on your PATH', remedy)
}

/** The path of this Node that stays when it is upgraded: on the poller's PATH there often is a link to it. */
export async function lastingNode(node: string, kept: Environment): Promise<string> {
  const onPath = await locate(basename(node), kept, '/').catch(() => node)
  return (await realpath(onPath)) === (await realpath(node)) ? onPath : node
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
