// Lists the keys below a prefix, in byte order, page by page. A page may be short or empty and still not be the last (Ceph RGW
// does that), so that only the store's own word ends a listing, never a count.
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { StoreError } from '../../errors.ts'
import { compareBytes } from '../../names.ts'
import type { ListEntry, ListOptions } from '../object-store.ts'
import { abortable, address, type Connection } from './connection.ts'
import { parseEtag } from './etag.ts'
import { explain } from './explain.ts'

export async function* list(connection: Connection, options: ListOptions): AsyncGenerator<ListEntry> {
  const { location } = connection
  const rootLength = address(location, '').Key.length
  let token: string | undefined
  do {
    const page = await fetchPage(connection, options, token)
    yield* entriesOf(page, rootLength, options.startAfter)
    token = page.IsTruncated ? page.NextContinuationToken : undefined
    if (page.IsTruncated && !token)
      throw new StoreError('list', options.prefix, 'a cut page does not name the next one')
  } while (token)
}

async function fetchPage(
  { sdk, location, patient }: Connection,
  { prefix, startAfter, delimiter, signal }: ListOptions,
  token: string | undefined,
): Promise<ListObjectsV2CommandOutput> {
  const { Bucket, Key: Prefix } = address(location, prefix)
  const command = new sdk.ListObjectsV2Command({
    Bucket,
    Prefix,
    Delimiter: delimiter,
    ...(token ? { ContinuationToken: token } : startAfter && { StartAfter: address(location, startAfter).Key }),
  })
  try {
    return await patient.send(command, abortable(signal))
  } catch (error) {
    throw explain(error, { operation: 'list', key: prefix, location, signal })
  }
}

/** Objects and prefixes come apart; together they are in order again. */
function entriesOf(page: ListObjectsV2CommandOutput, rootLength: number, startAfter = ''): ListEntry[] {
  const objects = (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified, ETag }): ListEntry => {
    const about = { key: Key.slice(rootLength), size: Size, lastModified: LastModified?.getTime() ?? 0 }
    return { kind: 'object', ...about, ...(ETag && { etag: parseEtag(ETag, 'list', Key) }) }
  })
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }): ListEntry => {
    return { kind: 'prefix', key: Prefix.slice(rootLength) }
  })
  const entries = [...objects, ...prefixes].filter(({ key }) => compareBytes(key, startAfter) > 0)
  return prefixes.length === 0 ? entries : entries.sort((a, b) => compareBytes(a.key, b.key))
}
