// Values set aside: what the run had at a path before a file of the outbox was put over it. On disk, for a value may be large.
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

export class Stash {
  #folder: Promise<string> | undefined
  #count = 0

  /** Resolves to the file that has the value from now on. */
  async add(value: AsyncIterable<Uint8Array>): Promise<string> {
    this.#folder ??= mkdtemp(join(tmpdir(), 'runlet-stash-'))
    this.#count += 1
    const file = join(await this.#folder, String(this.#count))
    await pipeline(value, createWriteStream(file))
    return file
  }

  async clear(): Promise<void> {
    const folder = await this.#folder
    if (folder) await rm(folder, { recursive: true, force: true })
  }
}
