// Finding what changed in a directory: by walking it, limited by `stat`, or by looking only at the paths that the caller names.
// A file whose stat is as remembered is taken as unchanged; any other is hashed. Links and special files are refused, not skipped:
// somebody believes that they are synchronised.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import PQueue from 'p-queue'
import type { Ambient } from '../ambient.ts'
import { LinkInCopyError } from '../errors.ts'
import { type Path, parsePath } from '../names.ts'
import type { CopyEntry, CopyState } from './copy-state.ts'
import { isLocalChange, type Side } from './decide.ts'
import { type LocalFiles, STATE_FOLDER, type Stat } from './local-files.ts'

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
  readonly onProgress?: ((seen: number) => void) | undefined
}

const CONCURRENCY = 32
/** What lies at the top of a directory for other purposes. */
const NOT_OURS: ReadonlySet<string> = new Set([STATE_FOLDER, '.git', 'runlet.config.json'])
/** A file that was changed so shortly before its stat was taken may have been changed once more without showing it. */
const RACY_MS = 2_000

/** Looks at the whole directory. */
export async function scanAll(means: ScanMeans): Promise<LocalChange[]> {
  const missing = new Map<string, CopyEntry>()
  for await (const entry of means.state.all()) missing.set(entry.path, entry)
  const changes = await scanFolder(means, folderOf(means.prefix), missing)
  for (const entry of missing.values()) {
    if (entry.path.startsWith(means.prefix))
      changes.push({ path: entry.path, base: entry, local: undefined, stat: undefined })
  }
  return changes
}

/** Looks at the named files, and at everything below the named folders. */
export async function scanHints(means: ScanMeans, hints: Iterable<Path>): Promise<LocalChange[]> {
  const changes = new Map<string, LocalChange>()
  for (const hint of hints) {
    const known = new Map<string, CopyEntry>()
    const isFolder = await isFolderAt(means, hint)
    if (isFolder || !(await means.state.get(hint))) {
      for await (const entry of means.state.all()) if (entry.path.startsWith(`${hint}/`)) known.set(entry.path, entry)
    }
    if (isFolder) for (const change of await scanFolder(means, hint, known)) changes.set(change.path, change)
    for (const { path, ...entry } of known.values())
      changes.set(path, { path, base: entry, local: undefined, stat: undefined })
    const own = await look(means, hint, await means.state.get(hint))
    if (own) changes.set(hint, own)
  }
  return [...changes.values()]
}

/** How one path differs; undefined when it does not. A stat that moved without the content is remembered anew. */
export async function look(
  means: ScanMeans,
  path: Path,
  entry: CopyEntry | undefined,
): Promise<LocalChange | undefined> {
  const stat = await means.files.stat(path)
  if (entry && stat && settles(entry, stat)) return undefined
  const local = stat && (await means.files.side(path, stat))
  if (isLocalChange(entry, local)) return { path, base: entry, local, stat }
  if (stat && local) await means.state.set({ path, ...local, ...stat, at: means.ambient.now() })
  return undefined
}

function settles(entry: CopyEntry, stat: Stat): boolean {
  const alike =
    entry.size === stat.size &&
    entry.mtimeNs === stat.mtimeNs &&
    entry.inode === stat.inode &&
    entry.executable === stat.executable
  return alike && Number(BigInt(stat.mtimeNs) / 1_000_000n) < entry.at - RACY_MS
}

async function scanFolder(means: ScanMeans, start: string, missing: Map<string, CopyEntry>): Promise<LocalChange[]> {
  const changes: LocalChange[] = []
  const links: string[] = []
  const queue = new PQueue({ concurrency: CONCURRENCY })
  let seen = 0
  const visit = async (path: string): Promise<void> => {
    seen += 1
    if (seen % 1000 === 0) means.onProgress?.(seen)
    const parsed = await nameOf(means, path)
    const change = await look(means, parsed, missing.get(parsed))
    missing.delete(parsed)
    if (change) changes.push(change)
  }
  const walk = async (folder: string): Promise<void> => {
    const entries = await readdir(join(means.files.root, folder), { withFileTypes: true }).catch(ifMissing)
    const files: string[] = []
    for (const entry of entries ?? []) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (NOT_OURS.has(path)) continue
      if (entry.isDirectory()) await walk(path)
      else if (!entry.isFile()) links.push(path)
      else if (path.startsWith(means.prefix)) files.push(path)
    }
    await queue.addAll(files.map(path => () => visit(path)))
  }
  await walk(start)
  const [link] = links
  if (link !== undefined) throw new LinkInCopyError(link, `no regular file (nor are ${links.length - 1} others)`)
  return changes
}

/** A file system that normalises names hands out others than it was given; on any other such a name is refused. */
async function nameOf({ files }: ScanMeans, path: string): Promise<Path> {
  const normal = path.normalize('NFC')
  if (normal !== path && (await files.stat(parsePath(normal)))) return parsePath(normal)
  return parsePath(path)
}

async function isFolderAt(means: ScanMeans, path: Path): Promise<boolean> {
  return (await readdir(join(means.files.root, path)).catch(ifMissing)) !== undefined
}

/** The folder that everything under the prefix lies in. */
const folderOf = (prefix: string): string => prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')))

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
