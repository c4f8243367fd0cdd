// Time that passes at once in a `file:` store: all leases in it look as if they were last renewed so long ago, so that those of killed
// processes have run out.
import { readdir, stat, utimes } from 'node:fs/promises'
import { join, sep } from 'node:path'

export async function ageLeases(storeFolder: string, ms: number): Promise<void> {
  for (const name of await readdir(storeFolder, { recursive: true })) {
    if (!name.includes(`${sep}lease${sep}`)) continue
    const path = join(storeFolder, name)
    const then = new Date((await stat(path)).mtimeMs - ms)
    await utimes(path, then, then)
  }
}
