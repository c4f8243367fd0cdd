// List: the entries of a listing, from a walk. An object is listed with the size and time of its current version; a folder of
// keys is rolled up to one entry if any object is in it.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes } from '../../names.ts'
import type { ListEntry, ListOptions } from '../object-store.ts'
import { isCode, onDisk } from './disk.ts'
import { placeOf } from './paths.ts'
import { fileName } from './sight.ts'
import { look } from './versions.ts'
import { objectsBelow, type Step, stepsAtPrefix, type Walk } from './walk.ts'

/** Objects that are looked up at the same time; also how far a listing reads ahead of whoever consumes it. */
const AT_ONCE = 16

export async function* listEntries(root: string, options: ListOptions): AsyncGenerator<ListEntry> {
  const { prefix, startAfter = '', delimiter, signal } = options
  const walk: Walk = { root, prefix, startAfter, signal }
  const steps = await stepsAtPrefix(walk)
  if (delimiter) yield* rolledUp(walk, steps)
  else yield* described(root, objectsBelow(walk, steps))
}

/** Entries, too, come after `startAfter`: so the last entry of one listing is where the next one may start. */
async function* rolledUp(walk: Walk, steps: readonly Step[]): AsyncGenerator<ListEntry> {
  for (const group of groupsOfKind(steps)) {
    if (group[0]?.kind === 'object') yield* described(walk.root, objectsBelow(walk, group))
    else yield* foldersWithObjects(walk, group)
  }
}

function groupsOfKind(steps: readonly Step[]): Step[][] {
  const groups: Step[][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (last?.[0]?.kind === step.kind) last.push(step)
    else groups.push([step])
  }
  return groups
}

async function* foldersWithObjects(walk: Walk, folders: readonly Step[]): AsyncGenerator<ListEntry> {
  for (const folder of folders) {
    if (compareBytes(folder.key, walk.startAfter) <= 0) continue
    for await (const key of objectsBelow(walk, [folder])) {
      if (!(await onDisk('list', key, () => look(placeOf(walk.root, key))))) continue
      yield { kind: 'prefix', key: folder.key }
      break
    }
  }
}

/** Looks up keys, a few at a time, and leaves out those that were deleted meanwhile. */
async function* described(root: string, keys: AsyncIterable<string>): AsyncGenerator<ListEntry> {
  let waiting: string[] = []
  for await (const key of keys) {
    waiting.push(key)
    if (waiting.length < AT_ONCE) continue
    yield* await describeAll(root, waiting)
    waiting = []
  }
  yield* await describeAll(root, waiting)
}

async function describeAll(root: string, keys: readonly string[]): Promise<ListEntry[]> {
  const entries = await Promise.all(keys.map(key => onDisk('list', key, () => describe(root, key))))
  return entries.filter(entry => entry !== undefined)
}

async function describe(root: string, key: string): Promise<ListEntry | undefined> {
  const place = placeOf(root, key)
  for (;;) {
    const version = await look(place)
    if (!version) return undefined
    try {
      const { size, mtimeMs } = await stat(join(place.folder, fileName(version)))
      return { kind: 'object', key, size, lastModified: Math.trunc(mtimeMs) }
    } catch (error) {
      // Replaced by so many that it was removed, or deleted: look again.
      if (!isCode(error, 'ENOENT')) throw error
    }
  }
}
