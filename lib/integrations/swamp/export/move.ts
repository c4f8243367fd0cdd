// Bringing one value into the datastore: the server copies what is an object of its own, what lies in a pack or in its row is sent.
import { createHash } from 'node:crypto'
import { ExternalObjectError, MissingObjectError } from '../../../errors.ts'
import type { Etag } from '../../../names.ts'
import { valueKey } from '../../../namespace/keys.ts'
import type { OpenNamespace } from '../../../namespace/namespace.ts'
import type { FileRow } from '../../../namespace/row.ts'
import type { CopySource } from '../../../store/object-store.ts'
import type { Datastore } from '../import/datastore.ts'

interface Moved {
  readonly etag: Etag
  readonly sha256: string | undefined
  readonly how: 'copied' | 'sent'
}

/** @throws ExternalObjectError when the row refers to an object of others that was changed since */
export async function moveValue(
  { from, datastore }: { from: OpenNamespace; datastore: Datastore },
  row: FileRow,
  small: Uint8Array | undefined,
): Promise<Moved> {
  const { store, root } = datastore
  const key = root + row.path
  const source = sourceOf(from, datastore, row)
  if (source && store.copy && store.canCopyFrom?.(source.url)) {
    const answer = await store.copy(source, key)
    if (answer.status === 'copied') return { etag: answer.etag, sha256: row.sha256, how: 'copied' }
    if (row.external) throw new ExternalObjectError(row.path, row.external[0], answer.status)
    throw new MissingObjectError(source.key, `the row of "${row.path}"`)
  }
  const hash = createHash('sha256')
  const bytes = small ?? (row.size <= AT_ONCE_BYTES ? await from.values.read(row) : undefined)
  const { etag } = bytes ? await store.put(key, bytes) : await store.put(key, hashed(from.values.stream(row), hash))
  const sha256 = row.sha256 ?? (bytes ? hash.update(bytes) : hash).digest('hex')
  return { etag, sha256, how: 'sent' }
}

const AT_ONCE_BYTES = 1024 * 1024

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

/** The object that the value is, where it is one. */
function sourceOf({ store }: OpenNamespace, datastore: Datastore, row: FileRow): CopySource | undefined {
  const { size, external, object } = row
  if (object !== undefined) return { url: store.url, key: valueKey(row.in, object), size }
  if (!external) return undefined
  const absolute = datastore.absolute('')
  const [key, etag] = external
  // The key is one of the whole bucket; that of a source is below its store.
  return key.startsWith(absolute) ? { url: datastore.url, key: key.slice(absolute.length), size, etag } : undefined
}
