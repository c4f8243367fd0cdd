// Writing a local file that appears whole or not at all.
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemAmbient } from '../ambient.ts'
import { FileError } from './errors.ts'

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Resolves to the number of bytes, once they are on the disk under the file's name. @throws FileError */
export async function writeWhole(file: string, chunks: Chunks): Promise<number> {
  const staged = join(dirname(file), `.${basename(file).slice(0, 100)}.${systemAmbient.randomId()}.tmp`)
  const handle = await onFile(file, open(staged, 'wx'))
  let size = 0
  try {
    try {
      for await (const chunk of chunks) {
        await onFile(file, handle.writeFile(chunk))
        size += chunk.length
      }
      await onFile(file, handle.sync())
    } finally {
      await handle.close()
    }
    await onFile(file, rename(staged, file))
    return size
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
}

async function onFile<T>(file: string, step: Promise<T>): Promise<T> {
  try {
    return await step
  } catch (cause) {
    throw FileError.cannot('be written', file, cause)
  }
}
