// `runlet init`: makes the store and the namespace, then writes the configuration file that names them. Once it has succeeded,
// doing it again changes nothing.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CONFIG_FILE, parseConfig } from '../config.ts'
import { ConfigError, InvalidArgumentError } from '../errors.ts'
import { openStore } from '../runlet.ts'
import type { SharedOptions, Verb } from './context.ts'
import { FileError } from './errors.ts'
import { unignoredByGit } from './git-ignore.ts'
import { during } from './progress.ts'

interface InitOptions {
  readonly force?: true
}

interface Settings {
  readonly store: string
  readonly namespace: string
}

export const verb: Verb<InitOptions, []> = async ({ shared, output }, options) => {
  const path = resolve(CONFIG_FILE)
  const found = await readConfig(path, options)
  if (found) assertSame(path, found, shared)
  const settings: Settings = found ?? {
    store: shared.store ?? (process.env.RUNLET_STORE || 'file:.runlet/store'),
    namespace: shared.namespace ?? (process.env.RUNLET_NAMESPACE || 'main'),
  }
  const url = await during(output, `making ${settings.namespace}`, makeNamespace(settings))
  if (!found) await writeConfig(path, settings, options)
  const told = found ? `${CONFIG_FILE} is there already, and in order` : `wrote ${CONFIG_FILE}`
  const about = { config: path, ...settings, created: !found }
  await output.result(about, `${told}: namespace "${settings.namespace}" in ${settings.store}`)
  const folder = await unignoredByGit(url)
  if (folder) output.say(`git does not ignore the store; add "${folder}" to .gitignore`)
  return undefined
}

/** The settings that stand, unless they are to be overwritten. */
async function readConfig(path: string, { force }: InitOptions): Promise<Settings | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    return force ? undefined : parseConfig(path, text)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause instanceof ConfigError ? cause : FileError.cannot('be read', path, cause)
  }
}

function assertSame(path: string, found: Settings, asked: SharedOptions): void {
  for (const name of ['store', 'namespace'] as const) {
    if (asked[name] === undefined || asked[name] === found[name]) continue
    const problem = `says ${name} ${JSON.stringify(found[name])}, not ${JSON.stringify(asked[name])}`
    throw new ConfigError(path, problem, 'Leave the option out, or overwrite the file with --force.')
  }
}

/** Makes the store and the namespace unless they exist; resolves to the store's full URL. */
async function makeNamespace({ store: url, namespace }: Settings): Promise<string> {
  if (url.startsWith('memory:')) {
    throw new InvalidArgumentError('--store', 'a memory store ends with the command', 'Use file: or s3:.')
  }
  const store = await openStore(url)
  try {
    await store.namespace(namespace, { create: true })
    return store.url
  } finally {
    await store.close()
  }
}

async function writeConfig(path: string, settings: Settings, { force }: InitOptions): Promise<void> {
  const text = `${JSON.stringify(settings, undefined, 2)}\n`
  try {
    if (!force) return await writeFile(path, text, { flag: 'wx' })
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
  } catch (cause) {
    throw FileError.cannot('be written', path, cause)
  }
}
