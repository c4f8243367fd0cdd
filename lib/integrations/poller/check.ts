// A check of what a poller is made of: with exactly the environment that it will have, and nothing of this shell's.
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from '../../vendor/execa.ts'
import { type Environment, fullEnvironment } from './environment.ts'
import { PollerCommandError } from './errors.ts'
import type { Poller } from './poller.ts'

/** @throws PollerCommandError that names what is missing */
export async function assertStarts(poller: Poller, here: Environment): Promise<void> {
  const { command, node, main, folder, environment } = poller
  const options = { env: fullEnvironment(environment, here), extendEnv: false, cwd: folder, reject: false } as const
  const interpreter = await interpreterOf(command[0])
  for (const needed of [command[0], ...(interpreter ? [interpreter] : [])]) {
    // `command -v` of some shells takes a file that cannot be executed for a command.
    const found = await execa('/bin/sh', ['-c', 'found=$(command -v "$1") && test -x "$found"', 'sh', needed], options)
    if (!found.failed) continue
    const isInterpreter = needed !== command[0]
    const problem = isInterpreter ? `is needed by ${command[0]}, and not on its PATH` : 'cannot be executed'
    throw new PollerCommandError(needed, problem, 'Install it, or give its whole path, and install the poller again.')
  }
  const runlet = await execa(node, [main, '--version'], options)
  if (runlet.failed) {
    const problem = `does not start runlet (${main}): ${runlet.stderr?.trim().split('\n').at(-1) || runlet.code}`
    throw new PollerCommandError(node, problem, 'Install runlet anew, and the poller with it.', { cause: runlet })
  }
}

/** What of it is no longer there, if anything: Node was upgraded, a folder was moved. */
export async function missingOf({ node, main, folder, command }: Poller): Promise<string | undefined> {
  for (const path of [node, main, folder, command[0]]) {
    if (!(await stat(path).catch(() => undefined))) return path
  }
  return undefined
}

/** Of a script: the program in its first line, where `env` looks for it on the PATH; undefined for all else. */
async function interpreterOf(file: string): Promise<string | undefined> {
  const handle = await open(file).catch(() => undefined) // one that may be executed and not read
  if (!handle) return undefined
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0)
    const [, interpreter, rest = ''] = /^#!\s*(\S+)[ \t]*(.*)/.exec(buffer.toString('utf8', 0, bytesRead)) ?? []
    if (!interpreter) return undefined
    if (!/^(\/usr)?\/bin\/env$/.test(interpreter)) return interpreter
    return rest.split(/\s+/).find(word => word !== '' && !word.startsWith('-') && !word.includes('='))
  } finally {
    await handle.close()
  }
}

/** Where runlet is that npx has fetched: npm may clear it away at any time. */
export const isPassing = (main: string): boolean => /[/\\]_npx[/\\]/.test(dirname(main))
