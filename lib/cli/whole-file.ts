// Writing a local file that appears whole or not at all.
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemAmbient } from '../ambient.ts'
import { FileError } from './errors.ts'

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Resolves to the number of bytes, once they are on the disk under the file's name. A link stays, and what it leads to is written; a
 * device or a pipe gets the bytes as they come.
 * @throws FileError
 */
export async function writeWhole(file: string, chunks: Chunks): Promise<number> {
  const there = await stat(file).catch(() => undefined) // a link that leads nowhere is replaced
  if (there && !there.isFile()) return writeInto(file, chunks)
  const target = there ? await onFile(file, realpath(file)) : file
  const staged = join(dirname(target), `.${basename(target).slice(0, 100)}.${systemAmbient.randomId()}.tmp`)
  const handle = await onFile(file, open(staged, 'wx', there?.mode))
  try {
    const size = await writeAll(handle, file, chunks, () => onFile(file, handle.sync()))
    await onFile(file, rename(staged, target))
    return size
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
}

async function writeInto(file: string, chunks: Chunks): Promise<number> {
  return writeAll(await onFile(file, open(file, 'w')), file, chunks)
}

async function writeAll(
  handle: FileHandle,
  file: string,
  chunks: Chunks,
  atLast?: () => Promise<void>,
): Promise<number> {
  let size = 0
  try {
    for await (const chunk of chunks) {
      await onFile(file, handle.writeFile(chunk))
      size += chunk.length
    }
    await atLast?.()
    return size
  } finally {
    await handle.close()
  }
}

async function onFile<T>(file: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    throw FileError.cannot('be written', file, cause)
  }
}
