// `runlet get PATH`: the value of a path, streamed to standard output, or to a file that appears whole or not at all.
import type { Context, Verb } from './context.ts'
import { PathNotFoundError } from './errors.ts'
import { atNamespace } from './place.ts'
import { passing } from './progress.ts'
import { writeWhole } from './whole-file.ts'

interface GetOptions {
  readonly output?: string
}

export const verb: Verb<GetOptions, [path: string]> = async (context, options, path) => {
  const file = options.output === '-' ? undefined : options.output
  return atNamespace(context.shared, async ({ namespace }) => {
    if (context.output.json && file === undefined)
      return writeDocument(context, path, await namespace.get(path), namespace.name)
    const stored = await namespace.stream(path)
    if (!stored) throw new PathNotFoundError(namespace.name, [path])
    const chunks = isShown(context, file)
      ? passing(context.output, 'get', stored, (await namespace.stat(path))?.size)
      : stored
    if (file === undefined) return writeOut(context, chunks)
    const size = await writeWhole(file, chunks)
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

/** Whether somebody sees how far it is, and not the value itself in the same place. */
const isShown = ({ output }: Context, file: string | undefined): boolean =>
  output.moves && (file !== undefined || !process.stdout.isTTY)
