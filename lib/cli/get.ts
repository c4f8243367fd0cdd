// `runlet get PATH`: the value of a path, streamed to standard output, or to a file that appears whole or not at all.
import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemAmbient } from '../ambient.ts'
import type { Context, Verb } from './context.ts'
import { FileError, PathNotFoundError } from './errors.ts'
import { atNamespace } from './place.ts'

interface GetOptions {
  readonly output?: string
}

export const verb: Verb<GetOptions, [path: string]> = async (context, options, path) => {
  const file = options.output === '-' ? undefined : options.output
  return atNamespace(context.shared, async ({ namespace }) => {
    if (context.output.json && file === undefined)
      return writeDocument(context, path, await namespace.get(path), namespace.name)
    const chunks = await namespace.stream(path)
    if (!chunks) throw new PathNotFoundError(namespace.name, [path])
    if (file === undefined) return writeOut(context, chunks)
    const size = await writeFile(file, chunks)
    if (context.output.json) await context.output.document({ namespace: namespace.name, path, size, file })
    return undefined
  })
}

/** A value as JSON: text as it is, anything else in base64. */
async function writeDocument(
  { output }: Context,
  path: string,
  bytes: Uint8Array | undefined,
  namespace: string,
): Promise<undefined> {
  if (!bytes) throw new PathNotFoundError(namespace, [path])
  const text = Buffer.from(bytes).toString('utf8')
  const isText = Buffer.from(text).equals(bytes)
  const value = isText ? text : Buffer.from(bytes).toString('base64')
  await output.document({ namespace, path, size: bytes.length, encoding: isText ? 'utf8' : 'base64', value })
}

async function writeOut({ output }: Context, chunks: AsyncIterable<Uint8Array>): Promise<undefined> {
  for await (const chunk of chunks) {
    await output.write(chunk)
    if (output.closed) return
  }
}

/** Resolves to the number of bytes, once they are on the disk under the file's name. */
async function writeFile(file: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
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
