// An ETag is kept without its quotes in runlet. What is sent back in a condition is a property of the location: most stores take
// it plain, and Ceph 16 takes nothing else, since it compares literally.
import { StoreError } from '../../errors.ts'
import type { Etag } from '../../names.ts'
import type { S3Location } from './s3-url.ts'

/** Reads the ETag of an answer. */
export function parseEtag(header: string | undefined, operation: string, key: string): Etag {
  const etag = header?.replace(/^"(.*)"$/, '$1')
  if (!etag) throw new StoreError(operation, key, 'the answer has no ETag')
  return etag as Etag
}

/** Writes the ETag of a condition. */
export function formatEtag(etag: Etag, { etag: style }: S3Location): string {
  return style === 'quoted' ? `"${etag}"` : etag
}
