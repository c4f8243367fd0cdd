// Finding what changed in a directory: by walking it, limited by `stat`, or by looking only at the paths that the caller names.
// A file whose stat is as remembered is taken as unchanged; any other is hashed. Links and special files are refused, not skipped:
// somebody believes that they are synchronised.
import type { Ambient } from '../ambient.ts'
import { concurrently } from '../concurrently.ts'
import { LinkInCopyError } from '../errors.ts'
import { type Path, parsePath } from '../names.ts'
import { foldersAbove } from './collisions.ts'
import type { CopyState } from './copy-state.ts'
import { isLocalChange, type Side } from './decide.ts'
import type { CopyEntry } from './entry.ts'
import type { LocalFiles } from './local-files.ts'
import { Progress } from './progress.ts'
import { proving, type Stat, sameStat } from './stat.ts'

/** A path that the directory has otherwise than copy and namespace had it in common. */
export interface LocalChange {
  readonly path: Path
  readonly base: Side | undefined
  readonly local: Side | undefined
  readonly stat: Stat | undefined
}

export interface ScanMeans {
  readonly files: LocalFiles
  readonly state: CopyState
  readonly ambient: Ambient
  readonly prefix: string
  readonly includes: (path: string) => boolean
}

const FILES_AT_ONCE = 32
/** A folder's listing is read while another's files are looked at. */
const FOLDERS_AT_ONCE = 2

/** Looks at the whole directory. */
export async function scanAll(means: ScanMeans, onProgress?: (seen: number) => void): Promise<LocalChange[]> {
  const missing = new Map<Path, CopyEntry>()
  for await (const entry of means.state.all()) {
    // What is not walked is not missing.
    if (entry.path.startsWith(means.prefix) && means.includes(entry.path)) missing.set(entry.path, entry)
  }
  const progress = new Progress(means.ambient, onProgress)
  const changes = await scanFolder(means, folderOf(means.prefix), missing, progress)
  progress.end()
  return [...changes, ...(await goneOf(means, missing))]
}

/** Looks at the named files, and at everything below the named folders. */
export async function scanHints(
  means: ScanMeans,
  hints: ReadonlySet<Path>,
  onProgress?: (seen: number) => void,
): Promise<LocalChange[]> {
  const progress = new Progress(means.ambient, onProgress)
  const changes = new Map<Path, LocalChange>()
  const missing = await knownBelow(means, hints)
  await concurrently(hints, FILES_AT_ONCE, async hint => {
    if (!means.includes(hint)) return
    progress.add(1)
    const own = await changeOf(means, hint, await means.state.get(hint))
    if (own) changes.set(hint, own)
  })
  for (const hint of hints) {
    if (!means.includes(hint) || (await means.files.stat(hint))) continue
    for (const change of await scanFolder(means, hint, missing, progress)) changes.set(change.path, change)
  }
  for (const change of await goneOf(means, missing)) changes.set(change.path, change)
  progress.end()
  return [...changes.values()].filter(({ path }) => path.startsWith(means.prefix))
}

/** What is remembered of paths below the named folders. Reads everything only if there may be such. */
async function knownBelow(
  { state, prefix, includes }: ScanMeans,
  hints: ReadonlySet<Path>,
): Promise<Map<Path, CopyEntry>> {
  const known = new Map<Path, CopyEntry>()
  let any = false
  for (const hint of hints) any ||= await state.mayHaveBelow(hint)
  if (!any) return known
  for await (const entry of state.all()) {
    if (!entry.path.startsWith(prefix) || !includes(entry.path)) continue
    for (const folder of foldersAbove(entry.path)) if (hints.has(folder as Path)) known.set(entry.path, entry)
  }
  return known
}

/** What the directory has at one path: as remembered while the stat proves that, else as it is read. */
interface Look {
  readonly local: Side | undefined
  readonly stat: Stat | undefined
}

/** Looks at one path. A stat that moved without the content is remembered anew. */
export async function look(means: ScanMeans, path: Path, entry: CopyEntry | undefined): Promise<Look> {
  const stat = await means.files.stat(path)
  if (entry?.absent && !stat) return { local: entry, stat }
  if (entry?.stat && stat && sameStat(entry.stat, stat)) return { local: entry, stat }
  const local = stat && (await means.files.side(path, stat))
  if (stat && local && !isLocalChange(entry, local)) {
    const proof = proving(stat, await means.files.startedAt())
    if (entry?.stat || entry?.absent || proof) await means.state.set({ path, ...local, stat: proof })
  }
  return { local, stat: local && stat }
}

/** How one path differs; undefined when it does not. */
async function changeOf(means: ScanMeans, path: Path, entry: CopyEntry | undefined): Promise<LocalChange | undefined> {
  const { local, stat } = await look(means, path, entry)
  return isLocalChange(entry, local) ? { path, base: entry, local, stat } : undefined
}

const goneFrom = (entry: CopyEntry): LocalChange => ({
  path: entry.path,
  base: entry,
  local: undefined,
  stat: undefined,
})

/** What was removed, of the paths at which there is no file. One that was left out goes with the files of its folder, and their folder. */
async function goneOf({ files }: ScanMeans, missing: ReadonlyMap<Path, CopyEntry>): Promise<LocalChange[]> {
  const [removed, absent] = [[] as CopyEntry[], [] as CopyEntry[]]
  for (const entry of missing.values()) (entry.absent ? absent : removed).push(entry)
  const emptied = new Set(removed.map(({ path }) => folderOf(path)))
  const gone = absent.filter(({ path }) => emptied.has(folderOf(path)))
  const isGone = await concurrently(gone, FILES_AT_ONCE, async ({ path }) => !(await files.list(folderOf(path))))
  return [...removed, ...gone.filter((_, i) => isGone[i])].map(goneFrom)
}

/** Looks at all files below a folder, and takes what it meets out of `missing`. */
async function scanFolder(
  means: ScanMeans,
  start: string,
  missing: Map<Path, CopyEntry>,
  progress: Progress,
): Promise<LocalChange[]> {
  const changes: LocalChange[] = []
  const links: string[] = []
  await means.files.startedAt() // before the first stat
  await concurrently(walk(means, start, links), FOLDERS_AT_ONCE, async files => {
    await concurrently(files, FILES_AT_ONCE, async name => {
      // A path that is known has been parsed before.
      const path = missing.has(name as Path) ? (name as Path) : await nameOf(means, name)
      const change = await changeOf(means, path, missing.get(path))
      missing.delete(path)
      if (change) changes.push(change)
      progress.add(1)
    })
  })
  const [link, ...others] = links
  if (link !== undefined) {
    const rest = others.length > 0 ? ` (nor are ${others.length} others)` : ''
    throw new LinkInCopyError(link, `a symbolic link or no regular file${rest}`)
  }
  return changes
}

/** The files of each folder below `start` that can have the prefix. */
async function* walk(means: ScanMeans, start: string, links: string[]): AsyncGenerator<string[]> {
  const folders = [start]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const files: string[] = []
    for (const entry of (await means.files.list(folder)) ?? []) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (!means.includes(path)) continue
      if (entry.isDirectory()) {
        if (`${path}/`.startsWith(means.prefix) || means.prefix.startsWith(`${path}/`)) folders.push(path)
      } else if (path.startsWith(means.prefix)) (entry.isFile() ? files : links).push(path)
    }
    if (files.length > 0) yield files
  }
}

/** A file system that normalises names hands out others than it was given; on any other such a name is refused. */
async function nameOf({ files }: ScanMeans, path: string): Promise<Path> {
  const normal = path.normalize('NFC')
  if (normal !== path && (await files.stat(parsePath(normal)))) return parsePath(normal)
  return parsePath(path)
}

/** The folder that a path, or everything under a prefix, lies in. */
const folderOf = (prefix: string): string => prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))
