// Paths that cannot stand beside one another on a file system. Found before anything is written (G10): half a directory would be
// worse than none. Pure; what stands on the disk already is looked at in obstacles.ts.

/** What the file system beneath a working copy takes for the same name. */
export interface FileSystemTraits {
  /** `README` and `readme` are one file (macOS and Windows by default). */
  readonly foldsCase: boolean
  /** `é` is one file whether it is one character or two (macOS). */
  readonly normalises: boolean
}

/** Paths of which a file system can hold only one. */
export type Collision<Of extends string = string> = readonly [first: string, second: Of]

interface Name {
  readonly spelling: string
  readonly kind: 'file' | 'folder'
  /** The path that it was met in first. */
  readonly path: string
}

/** Files that would be one file, folders that would be one folder, and files that others need as a folder. */
export function findCollisions<Of extends string>(paths: Iterable<Of>, traits: FileSystemTraits): Collision<Of>[] {
  const names = new Map<string, Name>()
  const collisions: Collision<Of>[] = []
  let folder = ''
  const meet = (spelling: string, kind: Name['kind'], path: Of): void => {
    const key = foldName(spelling, traits)
    const other = names.get(key)
    if (!other) names.set(key, { spelling, kind, path })
    else if (other.spelling !== spelling || other.kind !== kind) collisions.push([other.path, path])
  }
  for (const path of paths) {
    const end = path.lastIndexOf('/')
    // Sorted paths of one folder follow one another.
    if (end !== folder.length || !path.startsWith(folder)) {
      folder = path.slice(0, Math.max(end, 0))
      for (const above of foldersAbove(path)) meet(above, 'folder', path)
    }
    meet(path, 'file', path)
  }
  return collisions
}

/** The same for names that the file system takes for the same. */
export function foldName(name: string, { foldsCase, normalises }: FileSystemTraits): string {
  if (ASCII.test(name)) return foldsCase ? name.toLowerCase() : name
  const normal = foldsCase || normalises ? name.normalize('NFC') : name
  return foldsCase ? [...normal].map(foldLetter).join('') : normal
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
const ASCII = /^[\x00-\x7f]*$/

/** By its capital, where that is one letter: `ς` and `σ` have the same. */
function foldLetter(letter: string): string {
  const capital = letter.toUpperCase()
  return ([...capital].length === 1 ? capital : letter).toLowerCase()
}

/** `a/b/c` lies in `a` and `a/b`. */
export function* foldersAbove(path: string): Generator<string> {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) yield path.slice(0, slash)
}
