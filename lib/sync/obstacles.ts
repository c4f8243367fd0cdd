// What stands in the way of paths that a pull adds: looked at on the disk, before anything is written (G10). It costs as much as
// is added, whatever the copy holds: folders that are not there yet have nothing in them to look at.
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LinkInCopyError } from '../errors.ts'
import type { Path } from '../names.ts'
import { type Collision, type FileSystemTraits, foldName } from './collisions.ts'
import { ifMissing } from './local-files.ts'

interface Standing {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
}

interface Means {
  readonly root: string
  readonly traits: FileSystemTraits
  /** Whether the pull removes the file that stands at a path. */
  readonly goes: (path: string) => Promise<boolean>
}

/** The added paths that cannot be written, each with what stands in its way. @throws LinkInCopyError */
export async function findObstacles(means: Means, added: Iterable<Path>): Promise<Collision<Path>[]> {
  const search = new Search(means)
  const collisions: Collision<Path>[] = []
  for (const path of added) {
    const obstacle = await search.obstacleOf(path)
    if (obstacle !== undefined) collisions.push([obstacle, path])
  }
  return collisions
}

/** What was found of a folder: that it is there, that it can be made, or what is in its way. */
type FolderFound = 'there' | 'free' | { readonly obstacle: string }

class Search {
  private readonly means: Means
  private readonly folders = new Map<string, FolderFound>([['', 'there']])
  private readonly listings = new Map<string, Map<string, Standing>>()

  constructor(means: Means) {
    this.means = means
  }

  async obstacleOf(path: string): Promise<string | undefined> {
    const [folder, name] = split(path)
    const found = await this.folder(folder)
    if (typeof found === 'object') return found.obstacle
    const standing = found === 'there' ? await this.standing(folder, name) : undefined
    if (!standing) return undefined
    const at = join2(folder, standing.name)
    if (standing.kind === 'other') throw new LinkInCopyError(at, 'a symbolic link or no regular file')
    if (standing.kind === 'folder') return this.whatStays(at)
    return standing.name === name || (await this.means.goes(at)) ? undefined : at
  }

  private async folder(path: string): Promise<FolderFound> {
    const known = this.folders.get(path)
    if (known) return known
    const found = await this.lookAtFolder(path)
    this.folders.set(path, found)
    return found
  }

  private async lookAtFolder(path: string): Promise<FolderFound> {
    const [above, name] = split(path)
    const foundAbove = await this.folder(above)
    if (foundAbove !== 'there') return foundAbove
    const standing = await this.standing(above, name)
    if (!standing) return 'free'
    const at = join2(above, standing.name)
    if (standing.kind === 'other') throw new LinkInCopyError(at, 'a symbolic link or no regular file')
    if (standing.kind === 'folder' && standing.name === name) return 'there'
    const obstacle = standing.kind === 'file' ? await this.stays(at) : await this.whatStays(at)
    return obstacle === undefined ? 'free' : { obstacle }
  }

  /** What the file system finds under a name, in its own spelling. */
  private async standing(folder: string, name: string): Promise<Standing | undefined> {
    const { root, traits } = this.means
    if (traits.foldsCase || traits.normalises) return (await this.list(folder)).get(foldName(name, traits))
    const stats = await lstat(join(root, folder, name)).catch(ifMissing)
    return stats && { name, kind: kindOf(stats) }
  }

  private async list(folder: string): Promise<Map<string, Standing>> {
    const known = this.listings.get(folder)
    if (known) return known
    const { root, traits } = this.means
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(ifMissing)
    const listing = new Map(
      entries?.map(entry => {
        // A normalising file system hands out names in a form of its own.
        const name = traits.normalises ? entry.name.normalize('NFC') : entry.name
        return [foldName(name, traits), { name, kind: kindOf(entry) }]
      }),
    )
    this.listings.set(folder, listing)
    return listing
  }

  private async stays(path: string): Promise<string | undefined> {
    return (await this.means.goes(path)) ? undefined : path
  }

  /** A file below a folder that the pull leaves there; undefined when the folder will be empty. */
  private async whatStays(folder: string): Promise<string | undefined> {
    for (const entry of (await readdir(join(this.means.root, folder), { withFileTypes: true }).catch(ifMissing)) ??
      []) {
      const path = join2(folder, entry.name)
      const left = entry.isDirectory() ? await this.whatStays(path) : await this.stays(path)
      if (left !== undefined) return left
    }
    return undefined
  }
}

const join2 = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

function split(path: string): [folder: string, name: string] {
  const slash = path.lastIndexOf('/')
  return [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)]
}

function kindOf(entry: { isFile(): boolean; isDirectory(): boolean }): Standing['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
}
