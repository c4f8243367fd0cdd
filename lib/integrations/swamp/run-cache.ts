// The cache of a run. Commands of other runs may be at work in the same repository at the same time, so each run has a folder of its own
// on each machine. Nobody tells this machine when a run has ended: a folder that no command has used for two weeks is removed by the
// next one that works in any run. It holds nothing that is not in the store, or that a command would still push.
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Ambient } from '../../ambient.ts'
import { defaultCacheFolder } from '../../store/cached-store.ts'

const UNUSED_MS = 14 * 86_400_000

const root = () => `${defaultCacheFolder()}-swamp`

/** Where the cache of `run` lies for the repository at `repoDir`. */
export function runCachePath(store: string, run: string, repoDir: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([store, run, repoDir]))
    .digest('hex')
  return join(root(), `${run.replaceAll('/', '.').slice(0, 100)}-${hash.slice(0, 16)}`)
}

/** Notes that `cachePath` is in use, and removes what nobody uses; nothing, if it lies elsewhere. */
export async function tidyRunCaches(cachePath: string, ambient: Ambient): Promise<void> {
  const folder = root()
  if (dirname(cachePath) !== folder) return
  const now = ambient.now()
  await mkdir(cachePath, { recursive: true, mode: 0o700 })
  await utimes(cachePath, now / 1000, now / 1000)
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const { mtimeMs } = await stat(path)
    if (mtimeMs < now - UNUSED_MS) await rm(path, { recursive: true, force: true })
  }
}
