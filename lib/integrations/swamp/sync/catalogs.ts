// The catalogs by which swamp's namespaces know of one another's data, and the files that they read of one another. Each namespace has
// its catalog as a file among its others; what is read of other namespaces is not kept.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidArgumentError, NamespaceNotFoundError } from '../../../errors.ts'
import { parsePath } from '../../../names.ts'
import { ifMissing } from '../../../sync/local-files.ts'
import { STATE_FOLDER } from '../../../sync/ours.ts'
import { isNeverSynced } from '../never-synced.ts'
import type { CatalogRow, ForeignCatalog, SyncAbout } from './contract.ts'
import { CATALOG, parseNamespace } from './paths.ts'

/** Puts the rows where swamp itself writes them. */
export async function writeCatalog(directory: string, rows: readonly CatalogRow[], id: string): Promise<void> {
  if (!Array.isArray(rows))
    throw new InvalidArgumentError('rows', 'is no list', 'Pass the rows of the catalog, or nothing.')
  const text = JSON.stringify(rows)
  const file = join(directory, CATALOG)
  if ((await readFile(file, 'utf8').catch(ifMissing)) === text) return
  const staging = join(directory, STATE_FOLDER, 'copy', 'tmp')
  await mkdir(staging, { recursive: true })
  await writeFile(join(staging, id), text, { flush: true })
  await rename(join(staging, id), file)
}

/** Of namespaces that have none, or no catalog, nothing is said. */
export async function readCatalogs(
  about: Pick<SyncAbout, 'open' | 'list'>,
  namespaces: readonly string[],
): Promise<ForeignCatalog[]> {
  const catalogs: ForeignCatalog[] = []
  for (const namespace of namespaces) {
    const bytes = await readForeign(about, namespace, CATALOG)
    const rows = bytes && parsed(bytes)
    if (Array.isArray(rows)) catalogs.push({ namespace, rows })
  }
  return catalogs
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

/** Null where there is no such file. @throws InvalidPathError for a path that leads out of the namespace */
export async function readForeign(
  { open, list }: Pick<SyncAbout, 'open' | 'list'>,
  name: string,
  relPath: string,
): Promise<Uint8Array | null> {
  const [namespace, path] = [parseNamespace(name), parsePath(relPath)]
  if (namespace === undefined || isNeverSynced(path)) return null
  // To open one that is not there would make it.
  if (!(await list()).includes(namespace)) return null
  try {
    return (await (await open(namespace)).get(path)) ?? null
  } catch (error) {
    if (error instanceof NamespaceNotFoundError) return null
    throw error
  }
}
