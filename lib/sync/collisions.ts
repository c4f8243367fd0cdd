// Paths that cannot stand beside one another on a file system. Found before anything is written (G10): half a directory would be
// worse than none. Pure.

/** What the file system beneath a working copy takes for the same name. */
export interface FileSystemTraits {
  /** `README` and `readme` are one file (macOS and Windows by default). */
  readonly foldsCase: boolean
}

/** Paths of which a file system can hold only one. */
export type Collision = readonly [first: string, second: string]

/** Files that would be one file, and files that others need as a folder. */
export function findCollisions(paths: Iterable<string>, { foldsCase }: FileSystemTraits): Collision[] {
  const fold = (text: string) => (foldsCase ? text.normalize('NFC').toLowerCase() : text)
  const files = new Map<string, string>()
  const collisions: Collision[] = []
  const all = [...paths]
  for (const path of all) {
    const key = fold(path)
    const other = files.get(key)
    if (other !== undefined && other !== path) collisions.push([other, path])
    files.set(key, path)
  }
  for (const path of all) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const file = files.get(fold(path.slice(0, slash)))
      if (file !== undefined) collisions.push([file, path])
    }
  }
  return collisions
}
