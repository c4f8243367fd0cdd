// `runlet put PATH [FILE]`: writes a file, or standard input, to a path. Streamed: its size is no matter.
import { type FileHandle, open } from 'node:fs/promises'
import { InvalidArgumentError } from '../errors.ts'
import { parsePath } from '../names.ts'
import { parseConflictOption } from './conflict-option.ts'
import type { Verb } from './context.ts'
import { FileError } from './errors.ts'
import { atNamespace } from './place.ts'
import { passing } from './progress.ts'

interface PutOptions {
  readonly message?: string
  readonly onConflict?: string[]
}

export const verb: Verb<PutOptions, [path: string, file?: string]> = async (context, options, path, file) => {
  parsePath(path)
  const onConflict = parseConflictOption(options.onConflict)
  const source = await openSource(file)
  try {
    return await atNamespace(context.shared, async ({ namespace }) => {
      const { message } = options
      const chunks = passing(context.output, 'put', source.chunks, source.size)
      const { seq, id } = await namespace.put(path, chunks, { message, onConflict })
      const name = namespace.name
      if (context.output.json) await context.output.document({ namespace: name, path, seq, id })
      else context.output.progress(`put ${path} in ${name}, seq ${seq}`)
      return undefined
    })
  } finally {
    await source.close()
  }
}

interface Source {
  readonly chunks: AsyncIterable<Uint8Array>
  /** In bytes, where it is known beforehand. */
  readonly size?: number
  close(): Promise<void>
}

async function openSource(file: string | undefined): Promise<Source> {
  if (file !== undefined && file !== '-') return openFile(file)
  if (process.stdin.isTTY) {
    throw new InvalidArgumentError(
      '[file]',
      'is missing, and standard input is a terminal',
      'Name a FILE, or pipe the value in.',
    )
  }
  return { chunks: process.stdin, close: async () => {} }
}

async function openFile(file: string): Promise<Source> {
  let handle: FileHandle
  try {
    handle = await open(file)
  } catch (cause) {
    throw FileError.cannot('be read', file, cause)
  }
  const about = await handle.stat()
  if (about.isDirectory()) {
    await handle.close()
    throw new FileError(file, 'is a folder', 'Put its files one by one, or leave them in the RUNLET_DIR of a run.')
  }
  const size = about.isFile() ? { size: about.size } : {}
  return { chunks: handle.createReadStream({ autoClose: false }), ...size, close: () => handle.close() }
}
