// Lists the files that a program left in a folder, with the paths that they are to have in the namespace. All of them are judged
// before the first is put (G10). Regular files only: what a symbolic link or a pipe would mean on another machine, nobody knows.
// The program may still be at work: what goes while it is looked at is not there.
import { isUtf8 } from 'node:buffer'
import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Path, parsePath } from '../../names.ts'
import { STATE_FOLDER } from '../../sync/ours.ts'
import { FileError } from '../errors.ts'

export interface FoundFile {
  readonly path: Path
  /** Where it lies on this machine. */
  readonly file: string
}

/** All files below `folder`, but for what a working copy keeps there. @throws FileError naming the first that cannot be put */
export async function scanFolder(folder: string): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  const waiting = ['']
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for (const entry of await entriesOf(folder, below)) {
      if (below === '' && entry.name.equals(STATE_FOLDER_NAME)) continue
      const path = below === '' ? nameOf(entry, folder) : `${below}/${nameOf(entry, join(folder, below))}`
      if (entry.isDirectory()) waiting.push(path)
      else found.push(fileAt(path, join(folder, path), entry))
    }
  }
  return found
}

const STATE_FOLDER_NAME = Buffer.from(STATE_FOLDER)

async function entriesOf(root: string, below: string): Promise<Dirent<Buffer>[]> {
  const folder = join(root, below)
  try {
    return await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (below !== '' && (code === 'ENOENT' || code === 'ENOTDIR')) return []
    throw FileError.cannot('be read', folder, cause)
  }
}

function nameOf({ name }: Dirent<Buffer>, folder: string): string {
  if (isUtf8(name)) return name.toString()
  throw new FileError(join(folder, name.toString('latin1')), 'has a name that is not UTF-8', 'Rename it.')
}

function fileAt(path: string, file: string, entry: Dirent<Buffer>): FoundFile {
  if (!entry.isFile()) {
    const problem = `is ${kindOf(entry)}, not a regular file`
    throw new FileError(
      file,
      problem,
      'Leave only files and folders in RUNLET_DIR: copy what it stands for, or remove it.',
    )
  }
  try {
    return { path: parsePath(path), file }
  } catch (cause) {
    throw new FileError(file, `has no name that a namespace can hold: ${(cause as Error).message}`, 'Rename it.', {
      cause,
    })
  }
}

function kindOf(entry: Dirent<Buffer>): string {
  if (entry.isSymbolicLink()) return 'a symbolic link'
  if (entry.isFIFO()) return 'a pipe'
  if (entry.isSocket()) return 'a socket'
  return 'a device'
}
