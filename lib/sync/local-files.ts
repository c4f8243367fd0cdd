// The directory of a working copy: looking at files, writing and removing them. A file appears whole (temporary name, then
// rename); nothing outside the directory is ever touched: no path leaves it, and symbolic links are never followed (G10).
import { createHash } from 'node:crypto'
import { constants, type Dirent, lstatSync, renameSync, rmSync, type Stats } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rm, rmdir, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Ambient } from '../ambient.ts'
import { LinkInCopyError, LocalFileError } from '../errors.ts'
import type { Path } from '../names.ts'
import { beneath } from './beneath.ts'
import { type FileSystemTraits, foldersAbove } from './collisions.ts'
import type { Side } from './decide.ts'
import { STATE_FOLDER } from './ours.ts'
import { proving, raceWindow, type Stat, sameStat } from './stat.ts'

const EXECUTABLE = 0o111
const MAX_CHUNK = 256 * 1024
const QUIETLY = { throwIfNoEntry: false } as const
/** A time that is set may be stored as another one nearby. */
const ROUNDING_MS = 1

/** The file system's clock, as of the moment that ours showed `at`. */
interface Clock {
  readonly base: number
  readonly at: number
}

export class LocalFiles {
  readonly root: string
  /** How many files were read to tell what is in them. */
  hashed = 0
  private readonly ambient: Ambient
  /** Folders that were seen to be folders, and not links, during this operation. */
  private readonly folders = new Set<string>()
  /** Folders that were seen not to be there, until `lookAgain`. */
  private readonly absent = new Set<string>()
  private readonly tmp: string
  private clock: Promise<Clock> | undefined

  constructor(root: string, ambient: Ambient) {
    this.root = root
    this.ambient = ambient
    this.tmp = join(root, STATE_FOLDER, 'copy', 'tmp')
  }

  /** Tries out what this file system takes for the same name. */
  async traits(): Promise<FileSystemTraits> {
    const id = this.ambient.randomId()
    const isThere = async (name: string) => (await lstat(join(this.tmp, name)).catch(ifMissing)) !== undefined
    await mkdir(join(this.tmp, `probe-${id}-\u00e9`), { recursive: true })
    try {
      const [foldsCase, normalises] = await Promise.all([isThere(`PROBE-${id}-\u00e9`), isThere(`probe-${id}-e\u0301`)])
      return { foldsCase, normalises }
    } finally {
      await rmdir(join(this.tmp, `probe-${id}-\u00e9`))
    }
  }

  /** Removes what a killed process had begun to write. Whoever begins an operation has the turn, so nobody else writes. */
  async removeStaged(): Promise<void> {
    await rm(this.tmp, { recursive: true, force: true })
    await mkdir(this.tmp, { recursive: true })
  }

  /** A time of the file system, not after now: that of a file which was made when it was first asked for. */
  async startedAt(): Promise<number> {
    return (await this.readClock()).base
  }

  /** Trusts no longer that folders which were missing still are. */
  lookAgain(): void {
    this.absent.clear()
  }

  /** What lies in a folder; undefined when it is not there. @throws LinkInCopyError */
  async list(folder: string): Promise<Dirent[] | undefined> {
    if (folder !== '' && !(await this.checkFolders(`${folder}/.`))) return undefined
    return readdir(join(this.root, folder), { withFileTypes: true }).catch(ifMissing)
  }

  /** The stat of a path's file; undefined when there is none. @throws LinkInCopyError */
  async stat(path: Path): Promise<Stat | undefined> {
    if (!(await this.checkFolders(path))) return undefined
    const stats = await lstat(join(this.root, path)).catch(ifMissing)
    return !stats || stats.isDirectory() ? undefined : fileStat(path, stats)
  }

  /** Whether a folder stands at a path, so that no file can. */
  async hasFolder(path: Path): Promise<boolean> {
    return (await lstat(join(this.root, path)).catch(ifMissing))?.isDirectory() ?? false
  }

  /** What the file of that stat has; undefined when it went meanwhile. */
  async side(path: Path, stat: Stat): Promise<Side | undefined> {
    this.hashed += 1
    const hash = createHash('sha256')
    try {
      for await (const chunk of this.read(path, stat.size)) hash.update(chunk)
    } catch (error) {
      if (hasVanished(error)) return undefined
      throw error
    }
    return { sha256: hash.digest('hex'), executable: stat.executable }
  }

  /** A file's content. `size` is what it should be, to read a small one at once. */
  async *read(path: Path, size: number): AsyncGenerator<Uint8Array> {
    const file = await this.openFile(path)
    try {
      for (;;) {
        const chunk = Buffer.allocUnsafe(Math.min(size + 1, MAX_CHUNK))
        const { bytesRead } = await file.read(chunk)
        if (bytesRead === 0) return
        yield chunk.subarray(0, bytesRead)
      }
    } finally {
      await file.close()
    }
  }

  /**
   * Puts a whole file in place of what `instead` was the stat of (undefined: of nothing), and resolves to the stat that proves it
   * unchanged, if one does. Does nothing and resolves to undefined when something else stands there by then.
   */
  async write(
    path: Path,
    content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    how: { readonly executable: boolean; readonly instead: Stat | undefined },
  ): Promise<{ readonly proof: Stat | undefined } | undefined> {
    const staging = join(this.tmp, this.ambient.randomId())
    const clock = await this.readClock()
    try {
      await writeNew(staging, content, how.executable)
      const now = clock.base + this.ambient.monotonic() - clock.at
      const dated = (now - raceWindow(clock.base) - ROUNDING_MS) / 1000
      await utimes(staging, dated, dated).catch(() => undefined) // then the next scan hashes it
      const stat = statOf(await lstat(staging))
      await this.makeFolders(path)
      if (await this.replace(path, how.instead, at => renameSync(staging, at))) return { proof: proving(stat, now) }
      await rm(staging)
      return undefined
    } catch (cause) {
      await rm(staging, { force: true })
      throw localError('write', path, cause)
    }
  }

  /** Removes the file that `stat` was of, and the folders that it leaves empty. False when something else stands there by then. */
  async remove(path: Path, stat: Stat | undefined): Promise<boolean> {
    const removed = await this.replace(path, stat, at => rmSync(at, { force: true })).catch(cause => {
      if (hasVanished(cause)) return false
      throw localError('remove', path, cause)
    })
    if (!removed) return false
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
      if (!(await beneath(this.root, folder, removeIfEmpty).catch(ifMissing))) break
      this.folders.delete(folder)
    }
    return true
  }

  /**
   * Acts on a path if there is still what the stat was of; false otherwise. The last look and the act are not given up the processor
   * between them: no system call does both, and an edit that comes in between would be lost (G4).
   */
  private replace(path: Path, stat: Stat | undefined, act: (at: string) => void): Promise<boolean> {
    return beneath(this.root, path, async at => {
      // An empty folder in the way is none; anything else in it is somebody's.
      if (!stat && lstatSync(at, QUIETLY)?.isDirectory() && (await removeIfEmpty(at))) this.folders.delete(path)
      const stats = lstatSync(at, QUIETLY)
      if (stats?.isDirectory()) return false
      const now = stats && fileStat(path, stats)
      if (now && stat ? !sameStat(now, stat) : now !== stat) return false
      act(at)
      return true
    })
  }

  private readClock(): Promise<Clock> {
    this.clock ??= this.probeClock()
    return this.clock
  }

  private async probeClock(): Promise<Clock> {
    const path = join(this.tmp, this.ambient.randomId())
    await mkdir(this.tmp, { recursive: true })
    await writeNew(path, [], false)
    const { mtimeMs } = await lstat(path)
    await rm(path)
    return { base: mtimeMs, at: this.ambient.monotonic() }
  }

  private async openFile(path: Path): Promise<FileHandle> {
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)
    return beneath(this.root, path, at => open(at, flags)).catch(cause => {
      if (cause.code === 'ELOOP') throw new LinkInCopyError(path, 'a symbolic link')
      throw localError('read', path, cause)
    })
  }

  /** Whether all folders above the path are there. @throws LinkInCopyError when one of them is a link out of here */
  private async checkFolders(path: string): Promise<boolean> {
    for (const folder of foldersAbove(path)) {
      if (this.folders.has(folder)) continue
      if (this.absent.has(folder)) return false
      const stats = await lstat(join(this.root, folder)).catch(ifMissing)
      if (stats?.isSymbolicLink()) throw new LinkInCopyError(folder, 'a symbolic link')
      if (!stats?.isDirectory()) {
        this.absent.add(folder)
        return false
      }
      this.folders.add(folder)
    }
    return true
  }

  private async makeFolders(path: Path): Promise<void> {
    for (const folder of foldersAbove(path)) {
      if (this.folders.has(folder)) continue
      await beneath(this.root, folder, at => mkdir(at)).catch(error => {
        if (error.code !== 'EEXIST') throw error
      })
      this.absent.delete(folder)
    }
    if (!(await this.checkFolders(path)))
      throw new LocalFileError('write', path, 'a file stands where a folder must be')
  }
}

async function writeNew(
  path: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  executable: boolean,
): Promise<void> {
  const file = await open(path, 'wx', executable ? 0o777 : 0o666)
  try {
    for await (const chunk of content) await file.writeFile(chunk)
  } finally {
    await file.close()
  }
}

/** Removes a folder in which there is nothing but empty folders. */
async function removeIfEmpty(folder: string): Promise<boolean> {
  const removed = await rmdir(folder).then(
    () => true,
    () => false,
  )
  if (removed) return true
  const entries = (await readdir(folder, { withFileTypes: true }).catch(() => undefined)) ?? []
  if (entries.length === 0 || !entries.every(entry => entry.isDirectory())) return false
  for (const entry of entries) if (!(await removeIfEmpty(join(folder, entry.name)))) return false
  return rmdir(folder).then(
    () => true,
    () => false,
  )
}

/** The stat of what must be a file. @throws LinkInCopyError */
function fileStat(path: Path, stats: Stats): Stat {
  if (!stats.isFile()) throw new LinkInCopyError(path, stats.isSymbolicLink() ? 'a symbolic link' : 'no regular file')
  return statOf(stats)
}

const statOf = ({ size, mtimeMs, ino, mode }: Stats): Stat => ({
  size,
  mtimeMs,
  inode: ino,
  executable: (mode & EXECUTABLE) !== 0,
})

export function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}

/** Whether that was the error of reading a file that went, or made room for a folder, while a program works in the directory. */
export function hasVanished(error: unknown): boolean {
  const cause = error instanceof LocalFileError ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR'
}

function localError(operation: string, path: string, cause: unknown): Error {
  if (cause instanceof LocalFileError || cause instanceof LinkInCopyError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  // An error of the store, while a value was read, is none of ours.
  return code?.startsWith('E') && !code.startsWith('ERR_')
    ? new LocalFileError(operation, path, message, { cause })
    : (cause as Error)
}
