// A cache of immutable objects on disk, shared by the processes of one user. Every entry carries its SHA-256: one that a crash or
// a full disk left broken is noticed, removed and fetched again. Bounded by bytes, the longest unused go first. It is never needed:
// whatever fails here costs a request, nothing else.
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ambient } from '../ambient.ts'

const DIGEST_BYTES = 32
/** Each time that so many entries were added, by whatever processes, the size is looked at again. */
const TRIM_EVERY = 200
const STATS_AT_ONCE = 16
/** How much remains when the cache outgrew its limit. */
const TRIM_TO = 0.8

export class DiskCache {
  private readonly folder: string
  private readonly maxBytes: number
  private readonly ambient: Ambient
  private added: number
  private trimming: Promise<void> | undefined

  constructor(folder: string, maxBytes: number, ambient: Ambient) {
    this.folder = folder
    this.maxBytes = maxBytes
    this.ambient = ambient
    // A process that adds few begins anywhere, so that of many such processes one is the two hundredth.
    this.added = Math.floor(ambient.random() * TRIM_EVERY)
  }

  /** Undefined when it is not there, or is not what was put there. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const path = this.pathOf(name)
    try {
      const entry = await readFile(path)
      const body = entry.subarray(DIGEST_BYTES)
      if (!digest(body).equals(entry.subarray(0, DIGEST_BYTES))) {
        await rm(path, { force: true })
        return undefined
      }
      const now = this.ambient.now() / 1000
      await utimes(path, now, now)
      return new Uint8Array(body)
    } catch {
      return undefined
    }
  }

  async put(name: string, body: Uint8Array): Promise<void> {
    const path = this.pathOf(name)
    const staging = join(this.folder, `tmp-${this.ambient.randomId()}`)
    try {
      // What these credentials may read, other users of this machine may not.
      await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
      await writeFile(staging, Buffer.concat([digest(body), body]))
      await rename(staging, path)
      this.added += 1
      if (this.added % TRIM_EVERY === 0) this.trimInBackground()
    } catch {
      await rm(staging, { force: true }).catch(() => undefined)
    }
  }

  /** Resolves when nothing goes on in the background. */
  async idle(): Promise<void> {
    await this.trimming
  }

  /** Nobody waits for it: it looks at every entry that there is. */
  private trimInBackground(): void {
    this.trimming ??= this.trim()
      .catch(() => undefined)
      .finally(() => {
        this.trimming = undefined
      })
  }

  /** Removes the longest unused entries when there are too many bytes, and what crashes left. */
  async trim(): Promise<void> {
    const entries = await this.entries()
    let bytes = entries.reduce((sum, entry) => sum + entry.size, 0)
    if (bytes <= this.maxBytes) return
    for (const { path, size } of entries.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes <= this.maxBytes * TRIM_TO) return
      await rm(path, { force: true })
      bytes -= size
    }
  }

  private async entries(): Promise<{ path: string; size: number; usedAt: number }[]> {
    const found: { path: string; size: number; usedAt: number }[] = []
    const entries = (await readdir(this.folder, { withFileTypes: true, recursive: true })).values()
    const look = async () => {
      for (const entry of entries) {
        if (!entry.isFile()) continue
        const path = join(entry.parentPath, entry.name)
        const stats = await stat(path).catch(() => undefined) // another process may have trimmed it
        if (stats) found.push({ path, size: stats.size, usedAt: stats.mtimeMs })
      }
    }
    await Promise.all(Array.from({ length: STATS_AT_ONCE }, look))
    return found
  }

  private pathOf(name: string): string {
    const hash = createHash('sha256').update(name).digest('hex')
    return join(this.folder, hash.slice(0, 2), hash)
  }
}

const digest = (body: Uint8Array): Buffer => createHash('sha256').update(body).digest()
