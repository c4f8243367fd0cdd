// Directories as the user of a working copy sees them: everything but `.runlet`.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Every file with its text, by path. A file that goes away while it is looked for is left out. */
export async function filesIn(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  const entries = await readdir(root, { withFileTypes: true, recursive: true })
  for (const entry of entries) {
    const full = join(entry.parentPath ?? entry.path, entry.name)
    const path = full.slice(root.length + 1)
    if (!entry.isFile() || path.startsWith('.runlet/')) continue
    const text = await readFile(full, 'utf8').catch(ifGone)
    if (text !== undefined) files.set(path, text)
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Changes a file as a careful program does, by a rename; undefined removes it. `aside` lies on the same disk, out of the way. */
export async function edit(root: string, path: string, text: string | undefined, aside: string): Promise<void> {
  const target = join(root, path)
  if (text === undefined) return rm(target, { force: true })
  await mkdir(dirname(aside), { recursive: true })
  await writeFile(aside, text)
  for (;;) {
    await mkdir(dirname(target), { recursive: true })
    // Whoever removes files removes the folders that they leave empty.
    const moved = await rename(aside, target).then(
      () => true,
      error => ifGone(error) ?? false,
    )
    if (moved) return
  }
}

function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
