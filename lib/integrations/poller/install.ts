// Install and uninstall: writes the files of a poller and tells the scheduler; all or nothing. A file appears whole (a temporary name,
// then renamed). What was there before comes back when the scheduler will not have the new; what runlet did not write is not touched.
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemAmbient } from '../../ambient.ts'
import type { Segment } from '../../names.ts'
import { ForeignUnitError, PollerFileError, SchedulerError } from './errors.ts'
import { launchd } from './launchd.ts'
import type { Places } from './places.ts'
import { definitionFile, folderOf, type Poller } from './poller.ts'
import { NoSchedulerError, type Scheduler, type Step, tell, type UnitFile } from './scheduler.ts'
import { systemd } from './systemd.ts'

const schedulerOf = ({ platform }: Places): Scheduler => (platform === 'darwin' ? launchd : systemd)

/** How the names of files end that are being written. */
const STAGED = '.new'

export interface Plan {
  readonly files: readonly UnitFile[]
  readonly steps: readonly Step[]
}

/** What an install would write, and run afterwards. @throws InvalidArgumentError */
export function planOf(poller: Poller, places: Places): Plan {
  const scheduler = schedulerOf(places)
  scheduler.assertFits(poller)
  return {
    files: [definitionFile(poller, places), ...scheduler.files(poller, places)],
    steps: scheduler.start(poller.name, places),
  }
}

/** @throws ForeignUnitError, SchedulerError, PollerFileError; then all is as it was */
export async function install(poller: Poller, places: Places): Promise<{ replaced: boolean }> {
  const scheduler = schedulerOf(places)
  const { name } = poller
  const { files, steps } = planOf(poller, places)
  const before = await unitsThere(scheduler, name, places)
  const definition = await contentOf(files[0]?.path ?? '')
  const replaced = before.size > 0
  if (replaced) await tell(scheduler, scheduler.pause(name, places))
  try {
    for (const file of files) await put(file)
    await tell(scheduler, steps)
  } catch (error) {
    for (const { path } of files.slice(1)) await putBack(path, before.get(path))
    if (definition === undefined) await remove(folderOf(places, name))
    else await putBack(files[0]?.path ?? '', definition)
    // As well as may be: the error that is told is the first one.
    const undo = replaced ? steps : [...scheduler.stop(name, places), ...scheduler.forget(name, places)]
    if (!(error instanceof NoSchedulerError)) await tell(scheduler, undo).catch(() => undefined)
    throw error
  }
  return { replaced }
}

/**
 * Removes all of it. Resolves to whether there was anything. @throws SchedulerError when the scheduler could not be told: the files
 * are gone even so, and it forgets the poller with the session
 */
export async function uninstall(name: Segment, places: Places): Promise<boolean> {
  const scheduler = schedulerOf(places)
  const units = await unitsThere(scheduler, name, places)
  const folder = folderOf(places, name)
  const isThere = units.size > 0 || (await lstat(folder).catch(() => undefined)) !== undefined
  if (!isThere) return false
  const problem = await failureOf(tell(scheduler, scheduler.stop(name, places)))
  for (const path of units.keys()) await remove(path)
  for (const path of await leftovers(scheduler.paths(name, places))) await remove(path)
  await remove(folder)
  const another = await failureOf(tell(scheduler, scheduler.forget(name, places)))
  if (problem ?? another) throw problem ?? another
  return true
}

/** Which of its unit files are installed. */
export async function unitsMissing(poller: Poller, places: Places): Promise<string[]> {
  const paths = schedulerOf(places).paths(poller.name, places)
  const there = await Promise.all(paths.map(path => lstat(path).catch(() => undefined)))
  return paths.filter((_, i) => !there[i])
}

/** Where there is no scheduler at all, nothing of the poller can be running. */
async function failureOf(telling: Promise<void>): Promise<SchedulerError | undefined> {
  try {
    await telling
    return undefined
  } catch (error) {
    if (error instanceof NoSchedulerError) return undefined
    if (error instanceof SchedulerError) return error
    throw error
  }
}

/** The unit files of the poller that are there, with their texts. @throws ForeignUnitError */
async function unitsThere(scheduler: Scheduler, name: Segment, places: Places): Promise<Map<string, string>> {
  const there = new Map<string, string>()
  for (const path of scheduler.paths(name, places)) {
    const text = await contentOf(path)
    if (text === undefined) continue
    if (!scheduler.isOurs(text, name)) throw new ForeignUnitError(path)
    there.set(path, text)
  }
  return there
}

/** A link, a folder: what is no plain file was not written by runlet, and reads as the empty text. */
async function contentOf(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isFile() ? await readFile(path, 'utf8') : ''
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new PollerFileError('read', path, cause)
  }
}

async function put({ path, text }: UnitFile): Promise<void> {
  const staged = `${path}.${systemAmbient.randomId()}${STAGED}`
  try {
    await mkdir(dirname(path), { recursive: true })
    // Arguments of commands are nobody else's business.
    await writeFile(staged, text, { mode: 0o600, flush: true })
    await rename(staged, path)
  } catch (cause) {
    await rm(staged, { force: true }).catch(() => undefined)
    throw new PollerFileError('write', path, cause)
  }
}

/** Of installs that were killed while they wrote one of the files. */
async function leftovers(paths: readonly string[]): Promise<string[]> {
  const folder = dirname(paths[0] ?? '/')
  const names = await readdir(folder).catch(() => [])
  const begins = paths.map(path => `${basename(path)}.`)
  const isLeft = (name: string) => name.endsWith(STAGED) && begins.some(begin => name.startsWith(begin))
  return names.filter(isLeft).map(name => join(folder, name))
}

const putBack = (path: string, text: string | undefined): Promise<void> =>
  text === undefined ? remove(path) : put({ path, text })

async function remove(path: string): Promise<void> {
  try {
    // A start that ends at this moment may put one more file into the folder.
    await rm(path, { recursive: true, force: true, maxRetries: 5 })
  } catch (cause) {
    throw new PollerFileError('remove', path, cause)
  }
}
