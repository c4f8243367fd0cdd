// When a process began, in the words of the system: what tells it from another that had the same id before. Linux says it in a file;
// elsewhere `ps` does, in whole seconds, in which no id comes round again.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Of the fields of /proc/<pid>/stat that come after the name, which may hold anything. */
const START_FIELD = 19
const TIMEOUT_MS = 5_000

/** Undefined where it cannot be told, or there is no such process. */
export async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat !== undefined)
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .at(START_FIELD)
  return process.platform === 'linux' ? undefined : startByPs(pid)
}

async function startByPs(pid: number): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' }
  const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], { env, timeout: TIMEOUT_MS })
  return ps.then(
    ({ stdout }) => stdout.trim() || undefined,
    () => undefined,
  )
}

let own: Promise<string | undefined> | undefined

/** Of this process. */
export function ownStart(): Promise<string | undefined> {
  own ??= startOf(process.pid)
  return own
}
