// Walk: keys in byte order without reading the whole tree. In one folder the object `x` sorts as "x" and the folder `x` as "x/",
// because that is how their keys begin; so 'a', 'a-b' and 'a/b' come in that order. It is lazy: a folder is read when the walk
// gets there, and not at all when no key in it can be asked for.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { compareBytes } from '../../names.ts'
import { isCode, onDisk, throwIfAborted } from './disk.ts'
import { folderAt, parseFolderName, parseFolderOf, TEMPORARY } from './paths.ts'

/** Which keys to visit. */
export interface Walk {
  readonly root: string
  readonly prefix: string
  readonly startAfter: string
  readonly signal: AbortSignal | undefined
}

/** An object's key, or with a trailing '/' the beginning of the keys in a folder (which may hold none). */
export type Step = { readonly kind: 'object' | 'folder'; readonly key: string }

/** Visits the objects and folders directly in the deepest folder that holds every key with the prefix. */
export function stepsAtPrefix(walk: Walk): Promise<Step[]> {
  return stepsIn(walk, parseFolderOf(walk.prefix))
}

/** Visits every object in or below the given steps. */
export async function* objectsBelow(walk: Walk, steps: readonly Step[]): AsyncGenerator<string> {
  for (const step of steps) {
    if (step.kind === 'object') yield step.key
    else yield* objectsBelow(walk, await stepsIn(walk, step.key))
  }
}

/** What lies directly in the folder whose keys begin with `beginning`, as far as it can be asked for, in order. */
async function stepsIn(walk: Walk, beginning: string): Promise<Step[]> {
  throwIfAborted('list', walk.prefix, walk.signal)
  const folder = folderAt(walk.root, beginning)
  const entries = await onDisk('list', beginning, async () => {
    const found = await readdir(folder, { withFileTypes: true }).catch(error => {
      if (isCode(error, 'ENOENT', 'ENOTDIR')) return []
      throw error
    })
    return found.filter(entry => entry.isDirectory() && join(folder, entry.name) !== join(walk.root, TEMPORARY))
  })
  return entries
    .flatMap(entry => stepOf(beginning, entry.name))
    .filter(step => isWanted(walk, step))
    .sort((a, b) => compareBytes(a.key, b.key))
}

function stepOf(beginning: string, name: string): Step[] {
  const parsed = parseFolderName(name)
  if (!parsed) return []
  const key = beginning + parsed.segment
  return [parsed.kind === 'object' ? { kind: 'object', key } : { kind: 'folder', key: `${key}/` }]
}

function isWanted({ prefix, startAfter }: Walk, { kind, key }: Step): boolean {
  const isAfter = compareBytes(key, startAfter) > 0
  if (kind === 'object') return isAfter && key.startsWith(prefix)
  return (isAfter || startAfter.startsWith(key)) && (key.startsWith(prefix) || prefix.startsWith(key))
}
