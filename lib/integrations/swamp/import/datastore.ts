// Where a swamp S3 datastore lies: a store whose keys are the datastore's, and how they lie to a runlet store, in whose bucket they may be.
//
//   <prefix>/[<namespace>/]<path>                         a file
//   <prefix>/[<namespace>/].datastore-index.json          the index in one file
//   <prefix>/[<namespace>/]_index/{_meta,<partition>}.json   the index in parts
//   <prefix>/{.datastore,.locks/<namespace>}.lock   the lock on all of it; <path>/.lock is one on a model
import type { Ambient } from '../../../ambient.ts'
import { InvalidArgumentError } from '../../../errors.ts'
import { isPath } from '../../../names.ts'
import type { ObjectStore } from '../../../store/object-store.ts'
import { openObjectStore } from '../../../store/open.ts'
import { SharedPrefixError } from './problems.ts'

/** Below the root: the index in one file, and what says that the index in parts is what counts. */
export const INDEX = '.datastore-index.json'
export const META = '_index/_meta.json'

export interface Datastore {
  /** For messages. */
  readonly url: string
  readonly store: ObjectStore
  /** What keys of the store begin with that belong to the datastore, or to its namespace. */
  readonly root: string
  readonly namespace: string | undefined
  /** The key of swamp's lock on all of that: for a namespace it lies beside them. */
  readonly lock: string
  /** A key of the store as one of the whole bucket. */
  absolute(key: string): string
}

/** How the datastore lies to a runlet store. */
export type Distance =
  /** Rows can refer to its objects. */
  | 'same-bucket'
  /** The server can copy from one to the other. */
  | 'same-server'
  | 'apart'

/** Opens the datastore at an s3:// URL. Sends nothing yet. @throws InvalidStoreUrlError, InvalidArgumentError */
export async function openDatastore(
  url: string,
  { namespace, ambient, folder }: { namespace: string | undefined; ambient: Ambient; folder: string },
): Promise<Datastore> {
  if (!url.startsWith('s3:'))
    throw new InvalidArgumentError('URL', `${JSON.stringify(url)} is no bucket`, 'Write s3://bucket/prefix?endpoint=…')
  const store = await openObjectStore(url, ambient, { folder })
  const { parseS3Url } = await import('../../../store/s3/s3-url.ts')
  const { prefix } = parseS3Url(url)
  return datastoreIn(store, { namespace, absolute: key => (prefix === '' ? key : `${prefix}/${key}`) })
}

/** `prefix` of the keys in `store`, ending in '/' or empty. */
export function datastoreIn(
  store: ObjectStore,
  about: { namespace: string | undefined; prefix?: string; absolute: (key: string) => string },
): Datastore {
  const { namespace, prefix = '', absolute } = about
  if (namespace !== undefined && (!isPath(namespace) || namespace.includes('/')))
    throw new InvalidArgumentError(
      '--namespace',
      `${JSON.stringify(namespace)} is no swamp namespace`,
      'Name one folder.',
    )
  return {
    url: store.url,
    store,
    namespace,
    absolute,
    root: `${prefix}${namespace === undefined ? '' : `${namespace}/`}`,
    lock: prefix + (namespace === undefined ? '.datastore.lock' : `.locks/${namespace}.lock`),
  }
}

export async function distanceTo({ store }: Datastore, target: ObjectStore): Promise<Distance> {
  if (store.kind !== 's3' || target.kind !== 's3') return store === target ? 'same-bucket' : 'apart'
  const { isSameService, parseS3Url } = await import('../../../store/s3/s3-url.ts')
  const [from, to] = [parseS3Url(store.url), parseS3Url(target.url)]
  if (!isSameService(from, to)) return 'apart'
  return from.bucket === to.bucket ? 'same-bucket' : 'same-server'
}

/**
 * What the keys of a runlet store begin with that lies within the datastore: they are none of its files.
 * @throws SharedPrefixError when they cannot be told apart
 */
export async function keysOfRunlet(datastore: Datastore, target: ObjectStore): Promise<string | undefined> {
  const { store, root, absolute, url } = datastore
  if (store.kind !== 's3' || target.kind !== 's3') return undefined
  const { isSameService, parseS3Url } = await import('../../../store/s3/s3-url.ts')
  const [from, to] = [parseS3Url(store.url), parseS3Url(target.url)]
  if (!isSameService(from, to) || from.bucket !== to.bucket) return undefined
  const [theirs, files, ours] = [absolute(''), absolute(root), to.prefix === '' ? '' : `${to.prefix}/`]
  if (ours === theirs || ours === files || files.startsWith(`${ours}ns/`)) throw new SharedPrefixError(url, target.url)
  return ours.startsWith(theirs) ? ours.slice(theirs.length) : undefined
}

/** What swamp keeps in a datastore, its logs and bundles apart: other tools have such folders too. */
const FOLDERS = ['data', 'outputs', 'workflow-runs', 'definitions-evaluated', 'workflows-evaluated', 'auto-definitions']

/** Whether a file lies where only swamp is likely to keep one. */
export const isOfSwamp = (path: string): boolean =>
  path === '.catalog-export.json' || FOLDERS.some(folder => path.startsWith(`${folder}/`))
