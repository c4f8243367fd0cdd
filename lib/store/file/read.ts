// Read: the bytes of one version. A version's file never changes, so what is read is whole even while it is being replaced.
import { join } from 'node:path'
import { assertNoLarger } from '../bounded.ts'
import type { GetOptions } from '../object-store.ts'
import { isCode, withFile } from './disk.ts'
import type { Place } from './paths.ts'
import { fileName, type Version } from './sight.ts'

interface Content {
  readonly body: Uint8Array
  readonly lastModified: number
}

/** Reads a version, or a range of it. Undefined if it has been removed. */
export async function readVersion(
  place: Place,
  version: Version,
  { range, maxBytes }: Pick<GetOptions, 'range' | 'maxBytes'>,
): Promise<Content | undefined> {
  try {
    return await withFile(join(place.folder, fileName(version)), 'r', async file => {
      const { size, mtimeMs } = await file.stat()
      assertNoLarger(place.key, size, maxBytes)
      const start = range?.start ?? 0
      const end = Math.min(size, range ? range.end + 1 : size)
      const body = Buffer.allocUnsafeSlow(Math.max(0, end - start))
      for (let done = 0; done < body.length; ) {
        const { bytesRead } = await file.read(body, done, body.length - done, start + done)
        if (bytesRead === 0) throw new Error(`the file ends ${body.length - done} bytes early`)
        done += bytesRead
      }
      return { body, lastModified: Math.trunc(mtimeMs) }
    })
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}
