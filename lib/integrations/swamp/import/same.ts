// Whether two rows of an import say the same. Where only the bytes can tell they are read, from the datastore if they lie there: it need
// not be in the bucket of the namespace.
import type { Etag } from '../../../names.ts'
import { compareContent, type FileRow, type Row } from '../../../namespace/row.ts'
import type { Values } from '../../../namespace/values.ts'
import type { Datastore } from './datastore.ts'
import { hashWhereItLies } from './values.ts'

export type Same = (a: Row | undefined, b: Row | undefined) => Promise<boolean>

export function comparing(values: Values, datastore: Datastore): Same {
  const hashOf = (row: FileRow): Promise<string | undefined> => {
    const { path, size, at, sha256, external } = row
    if (sha256 !== undefined || external?.[0] !== datastore.absolute(datastore.root + path)) return values.learn(row)
    return hashWhereItLies(datastore, { path, size, at, sha256, etag: external[1] as Etag })
  }
  return async (a, b) => {
    const known = compareContent(a, b)
    if (known !== 'unknown') return known === 'same'
    const [x, y] = await Promise.all([hashOf(a as FileRow), hashOf(b as FileRow)])
    return x !== undefined && x === y
  }
}
