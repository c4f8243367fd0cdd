// The directory of a working copy: looking at files, writing and removing them. A file appears whole (temporary name, then
// rename); nothing outside the directory is ever touched: no path leaves it, and symbolic links are never followed (G10).
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, lstat, mkdir, open, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Ambient } from '../ambient.ts'
import { LinkInCopyError, LocalFileError } from '../errors.ts'
import type { Path } from '../names.ts'
import type { FileSystemTraits } from './collisions.ts'
import type { Side } from './decide.ts'

/** Of a copy's own files; never synchronised. */
export const STATE_FOLDER = '.runlet'

/** What `stat` says of a file; the same figures mean the same content. */
export interface Stat {
  readonly size: number
  /** In nanoseconds, as text: it does not fit a number. */
  readonly mtimeNs: string
  readonly inode: string
  readonly executable: boolean
}

const EXECUTABLE = 0o111

export class LocalFiles {
  readonly root: string
  private readonly ambient: Ambient
  /** Folders that were seen to be folders, and not links, during this operation. */
  private readonly folders = new Set<string>()

  constructor(root: string, ambient: Ambient) {
    this.root = root
    this.ambient = ambient
  }

  /** Tries out what this file system takes for the same name. */
  async traits(): Promise<FileSystemTraits> {
    const name = `probe-${this.ambient.randomId()}`
    const folder = join(this.root, STATE_FOLDER, 'copy')
    await mkdir(join(folder, name), { recursive: true })
    try {
      return { foldsCase: (await lstat(join(folder, name.toUpperCase())).catch(ifMissing)) !== undefined }
    } finally {
      await rmdir(join(folder, name))
    }
  }

  /** The stat of a path's file; undefined when there is none. @throws LinkInCopyError */
  async stat(path: Path): Promise<Stat | undefined> {
    if (!(await this.checkFolders(path))) return undefined
    const stats = await lstat(join(this.root, path), { bigint: true }).catch(ifMissing)
    if (!stats || stats.isDirectory()) return undefined
    if (!stats.isFile()) throw new LinkInCopyError(path, stats.isSymbolicLink() ? 'a symbolic link' : 'no regular file')
    return {
      size: Number(stats.size),
      mtimeNs: String(stats.mtimeNs),
      inode: String(stats.ino),
      executable: (Number(stats.mode) & EXECUTABLE) !== 0,
    }
  }

  async side(path: Path, stat: Stat): Promise<Side> {
    const hash = createHash('sha256')
    for await (const chunk of this.read(path)) hash.update(chunk)
    return { sha256: hash.digest('hex'), executable: stat.executable }
  }

  read(path: Path): AsyncIterable<Uint8Array> {
    return createReadStream(join(this.root, path))
  }

  /** Puts a whole file in place. A folder that stands there must be empty. */
  async write(
    path: Path,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    executable: boolean,
  ): Promise<Stat> {
    const target = join(this.root, path)
    const staging = join(this.root, STATE_FOLDER, 'copy', 'tmp', this.ambient.randomId())
    await mkdir(dirname(staging), { recursive: true })
    try {
      const file = await open(staging, 'wx')
      try {
        for await (const chunk of content) await file.write(chunk)
      } finally {
        await file.close()
      }
      if (executable) await chmod(staging, 0o755)
      await this.makeFolders(path)
      await rmdir(target).catch(() => undefined) // an empty folder in the way; anything else makes the rename fail
      await rename(staging, target)
    } catch (cause) {
      await rm(staging, { force: true })
      throw localError('write', path, cause)
    }
    const stat = await this.stat(path)
    if (!stat) throw new LocalFileError('write', path, 'it vanished while it was written')
    return stat
  }

  /** Removes a file, and the folders that it leaves empty. */
  async remove(path: Path): Promise<void> {
    if (!(await this.checkFolders(path))) return
    await rm(join(this.root, path), { force: true }).catch(cause => {
      throw localError('remove', path, cause)
    })
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      const removed = await rmdir(join(this.root, folder)).then(
        () => true,
        () => false,
      )
      if (!removed) return
      this.folders.delete(folder)
    }
  }

  /** Whether all folders above the path are there. @throws LinkInCopyError when one of them is a link out of here */
  private async checkFolders(path: Path): Promise<boolean> {
    for (const folder of foldersAbove(path)) {
      if (this.folders.has(folder)) continue
      const stats = await lstat(join(this.root, folder)).catch(ifMissing)
      if (!stats || stats.isFile()) return false
      if (!stats.isDirectory()) throw new LinkInCopyError(folder, 'a symbolic link')
      this.folders.add(folder)
    }
    return true
  }

  private async makeFolders(path: Path): Promise<void> {
    for (const folder of foldersAbove(path)) {
      if (this.folders.has(folder)) continue
      await mkdir(join(this.root, folder)).catch(error => {
        if (error.code !== 'EEXIST') throw error
      })
    }
    if (!(await this.checkFolders(path)))
      throw new LocalFileError('write', path, 'a file stands where a folder must be')
  }
}

/** `a/b/c` lies in `a` and `a/b`. */
function* foldersAbove(path: string): Generator<string> {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) yield path.slice(0, slash)
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}

function localError(operation: string, path: string, cause: unknown): Error {
  if (cause instanceof LocalFileError || cause instanceof LinkInCopyError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  // An error of the store, while a value was read, is none of ours.
  return code?.startsWith('E') && !code.startsWith('ERR_')
    ? new LocalFileError(operation, path, message, { cause })
    : (cause as Error)
}
