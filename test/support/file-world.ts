// Worlds for the tests of the file store: an empty root, and objects whose files are made by hand, as processes that were killed
// or stopped between two steps leave them.
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemAmbient } from '../../lib/ambient.ts'
import { type Place, placeOf } from '../../lib/store/file/paths.ts'
import { fileName } from '../../lib/store/file/sight.ts'
import { type Staged, stage } from '../../lib/store/file/staging.ts'

const roots: string[] = []
after(() => Promise.all(roots.map(root => rm(root, { recursive: true, force: true }))))

/** A folder for a store, removed when the tests of the file are done. */
export async function aRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'runlet-file-'))
  roots.push(root)
  await mkdir(join(root, '.tmp'))
  return root
}

/** The incarnation of objects made by hand. */
export const HAND_MADE = 'handmade'

/** An object with generations `oldest` to `newest`; each holds its own number. */
export async function anObject(root: string, key: string, oldest: number, newest: number): Promise<Place> {
  const place = placeOf(root, key)
  await mkdir(place.folder, { recursive: true })
  await writeFile(join(place.folder, `i-${HAND_MADE}`), '')
  for (let generation = oldest; generation <= newest; generation++) {
    await writeFile(join(place.folder, nameOf(generation)), String(generation))
  }
  return place
}

/** The name, and the etag, of a generation of a hand-made object. */
export function nameOf(generation: number): string {
  return fileName({ incarnation: HAND_MADE, generation })
}

/** What a writer has written but not published. */
export function aStaged(root: string, content: string): Promise<Staged> {
  return stage(root, 'a', Buffer.from(content), systemAmbient.randomId(), undefined)
}

/** The versions in an object's folder, in order. */
export async function versionsIn(place: Place): Promise<string[]> {
  return (await readdir(place.folder)).filter(name => !name.startsWith('i-')).sort()
}

/** Makes files look as if nobody had touched them for so long. */
export async function age(path: string, ms: number): Promise<void> {
  const then = (Date.now() - ms) / 1000
  await utimes(path, then, then)
}
