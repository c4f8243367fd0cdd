// A poller: a command that launchd (macOS) or systemd (Linux) starts every so often, each time in a run of its own. The entry of this
// folder: what a poller is, and where its definition is kept. The scheduler is told one thing only, to start
// `runlet poller run-now NAME --scheduled` (start.ts); all else stands in the definition, which is the single truth.
//   making and removing:  environment.ts -> install.ts -> launchd.ts | systemd.ts (pure) -> scheduler.ts
//   one start:            start.ts -> group.ts (the processes), log.ts (what they said), tally.ts (how it went)
// It knows the namespace only by `runlet run`: what must hold when anything is killed (G5 to G7) holds there.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorruptObjectError } from '../../errors.ts'
import { isSegment, type Segment } from '../../names.ts'
import * as z from '../../vendor/zod.ts'
import { PollerFileError, PollerNotFoundError } from './errors.ts'
import type { Places } from './places.ts'

const absolute = z.string().startsWith('/')

const pollerSchema = z.strictObject({
  format: z.literal(1),
  name: z.string().refine(isSegment),
  everyMs: z.int().min(1000),
  /** Each start is put off by up to so much. */
  jitterMs: z.int().min(0),
  timeoutMs: z.int().min(1).optional(),
  onError: z.enum(['keep', 'discard', 'fold']),
  /** An absolute path, and arguments. */
  command: z.tuple([absolute], z.string()),
  /** Where the command is started, and runlet.config.json is looked for. */
  folder: absolute,
  /** All that the command gets beside what the session gives to everybody (HOME, USER, …). */
  environment: z.record(z.string(), z.string()),
  node: absolute,
  /** The script of the `runlet` command. */
  main: absolute,
  /** Milliseconds since 1970. */
  installedAt: z.int(),
})

export interface Poller extends z.infer<typeof pollerSchema> {
  readonly name: Segment
}

const DEFINITION = 'poller.json'

/** The folder of all that is kept of a poller. */
export const folderOf = (places: Places, name: Segment): string => join(places.state, name)

export const definitionFile = (poller: Poller, places: Places): { path: string; text: string } => ({
  path: join(folderOf(places, poller.name), DEFINITION),
  text: `${JSON.stringify(poller, undefined, 2)}\n`,
})

export async function findPoller(places: Places, name: Segment): Promise<Poller | undefined> {
  const path = join(folderOf(places, name), DEFINITION)
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  const parsed = pollerSchema.safeParse(fromJson(text))
  if (parsed.success && parsed.data.name === name) return parsed.data as Poller
  throw new CorruptObjectError(path, 'is no definition of this poller')
}

/** @throws PollerNotFoundError */
export async function readPoller(places: Places, name: Segment): Promise<Poller> {
  const poller = await findPoller(places, name)
  if (!poller) throw new PollerNotFoundError(name)
  return poller
}

/** The names of all pollers, in order. */
export async function pollerNames(places: Places): Promise<Segment[]> {
  try {
    return (await readdir(places.state)).filter(isSegment).sort()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new PollerFileError('read', places.state, cause)
  }
}

/** What `runlet` is called with at each start. */
export function runArguments({ name, onError, timeoutMs, command }: Poller): string[] {
  const timeout = timeoutMs === undefined ? [] : ['--timeout', `${timeoutMs}ms`]
  const label = ['--label', `poller ${name}`]
  return ['run', '--singleton', name, '--on-error', onError, ...timeout, ...label, '--', ...command]
}

/** For people: as a shell would take it, on one line. */
export const shownCommand = (words: readonly string[]): string =>
  words.map(word => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word))).join(' ')

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new PollerFileError('read', path, cause)
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
