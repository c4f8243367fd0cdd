// Where tests find what is not compiled with them, and how they start programs of their own: the runner (test/run.mjs) compiles them all.
import { existsSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const ROOT = projectAbove(import.meta.dirname)

function projectAbove(folder: string): string {
  return existsSync(join(folder, 'package-lock.json')) ? folder : projectAbove(dirname(folder))
}

export interface Program {
  readonly script: string
  readonly execArgv: string[]
}

/**
 * The program of that name (without its extension) beside a module, given by its URL: compiled when the module is, else through a loader,
 * which takes each process most of a second more.
 */
export function programBeside(module: string, name: string): Program {
  const extension = extname(module)
  const script = fileURLToPath(new URL(name + extension, module))
  return { script, execArgv: extension === '.ts' ? ['--import', 'tsx'] : ['--enable-source-maps'] }
}
