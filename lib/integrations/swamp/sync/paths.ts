// Which paths mean what in a swamp cache, as swamp's core and its own extensions have it. Pure.
import { posix } from 'node:path'
import { InvalidArgumentError } from '../../../errors.ts'
import { isSegment, type Path, parsePath } from '../../../names.ts'
import type { SyncModel } from './contract.ts'

/** Where swamp writes the catalog of a namespace. */
export const CATALOG = '.catalog-export.json'

/** Content of data, which swamp fetches when it is asked for if it hydrates lazily. */
export const isContent = (path: string): boolean => path.startsWith('data/') && path.endsWith('/raw')

/**
 * What swamp makes anew whenever it evaluates or pushes, without pulling it before: commands that hold the locks of different models
 * write these at the same time, so that the last one's is as good as any.
 */
export const isDerived = (path: string): boolean =>
  path === CATALOG || path.startsWith('definitions-evaluated/') || path.startsWith('workflows-evaluated/')

const MODEL_FOLDERS = ['data', 'outputs', 'definitions-evaluated']

/** What the paths that belong to these models start with. */
export function prefixesOf(models: readonly SyncModel[]): string[] {
  const prefixes = models.flatMap(({ modelType, modelId }) => {
    const own = `${modelType}/${modelId}`
    const folders = MODEL_FOLDERS.map(folder => `${folder}/${own}/`)
    return [...folders, `definitions-evaluated/${own}.yaml`]
  })
  for (const prefix of prefixes) parsePath(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
  return [...new Set(prefixes)]
}

/** Parses a path relative to the cache; undefined for the cache as a whole. @throws InvalidPathError when it leads outside */
export function parseRelPath(relPath: string): Path | undefined {
  if (typeof relPath !== 'string') return parsePath(relPath)
  const normal = relPath.startsWith('/') ? relPath : posix.normalize(relPath).replace(/\/$/, '')
  return normal === '.' ? undefined : parsePath(normal)
}

/** @throws InvalidArgumentError */
export function parseNamespace(namespace: unknown): string | undefined {
  if (namespace === undefined || namespace === '') return undefined
  if (typeof namespace === 'string' && isSegment(namespace)) return namespace
  throw new InvalidArgumentError('namespace', 'is no name of a swamp namespace', 'Use a-z, 0-9 and "-".')
}

/** The rest of a path below a folder; undefined when it lies elsewhere. */
export const below = (folder: string, path: string): string | undefined =>
  path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined
