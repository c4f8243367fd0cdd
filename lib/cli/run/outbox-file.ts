// One file of an outbox, which the program may be changing at this moment: opened if it is still there, told from what it was by its
// stamp, and read. A stamp counts only once the file has been left alone for a while: until then a change might not show in it.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { systemAmbient } from '../../ambient.ts'
import { FileError } from '../errors.ts'

/** More than what file systems round their times to. */
const RACY_MS = 2000

interface OpenFile {
  readonly size: number
  /** The same stamp means the same content; undefined while that cannot be said. */
  readonly stamp: string | undefined
  /** Its content, once, as it is now. */
  read(): AsyncIterable<Uint8Array>
  /** Of its content, in hex, in place of `read`. */
  sha256(): Promise<string>
}

/**
 * Gives `work` the file itself: not what a link leads to, should it have become one since the scan. Undefined when it is gone, or
 * no regular file any more. @throws FileError
 */
export async function withOpenFile<T>(file: string, work: (open: OpenFile) => Promise<T>): Promise<T | undefined> {
  const handle = await openIfThere(file)
  if (!handle) return undefined
  try {
    const now = systemAmbient.now()
    const stats = await handle.stat({ bigint: true })
    if (!stats.isFile()) return undefined
    const isSettled = Number(stats.ctimeMs) < now - RACY_MS
    const read = () => handle.createReadStream({ autoClose: false })
    return await work({
      size: Number(stats.size),
      stamp: isSettled ? `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}` : undefined,
      read,
      sha256: () => hashOf(read()),
    })
  } finally {
    await handle.close()
  }
}

async function hashOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/** Without waiting for a writer, should it have become a pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, FLAGS)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw FileError.cannot('be read', file, cause)
  }
}
