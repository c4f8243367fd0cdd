// RUNLET_DIR as an outbox: what the program leaves there is put into the run. One commit a round, values streamed, so that neither
// many files nor a large one need memory. A file that is as the run has it already is not put again.
// Invariant: whatever rounds there were, after `finish` the run is as if there had been none. So a file that went takes with it what
// a round put for it, no more: what the run had there before comes back.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { concurrently } from '../../concurrently.ts'
import type { Path } from '../../names.ts'
import type { Transaction } from '../../namespace/namespace.ts'
import type { Run } from '../../runlet.ts'
import { withOpenFile } from './outbox-file.ts'
import type { Moved, Source } from './run-files.ts'
import { type FoundFile, scanFolder } from './scan.ts'
import { Stash } from './stash.ts'

const FILES_AT_ONCE = 16

/** A file as it was when it was looked at last: the run had the same. */
interface Seen {
  readonly stamp: string | undefined
  readonly sha256: string
}

/** What a round put. */
interface Ours {
  readonly sha256: string
  /** The file in the stash that has what the run had there before. */
  readonly before: string | undefined
}

interface Changed extends FoundFile {
  /** Whether what the run has there is to be set aside first: it may have to come back. */
  readonly displaces: boolean
}

interface Put extends Seen, Ours {
  readonly path: Path
}

export class Outbox implements Source {
  readonly #run: Run
  readonly #folder: string
  readonly #seen = new Map<Path, Seen>()
  readonly #ours = new Map<Path, Ours>()
  readonly #stash = new Stash()

  constructor(run: Run, folder: string) {
    this.#run = run
    this.#folder = folder
  }

  /** Looks only at files that changed since the last round. @throws FileError */
  round(): Promise<Moved> {
    return this.#bring('since the last round')
  }

  /** Looks at all files, and at what the run has for each. All are put or, when it throws, none. @throws FileError */
  finish(): Promise<Moved> {
    return this.#bring('since ever')
  }

  close(): Promise<void> {
    return this.#stash.clear()
  }

  async #bring(looksAt: 'since the last round' | 'since ever'): Promise<Moved> {
    const found = await scanFolder(this.#folder)
    const looked = await concurrently(found, FILES_AT_ONCE, file => this.#look(file, looksAt))
    const changed = looked.filter(file => file !== undefined)
    const gone = await this.#gone(found)
    if (changed.length + gone.length === 0) return { put: 0, deleted: 0 }
    let puts: readonly Put[] = []
    const fill = async (tx: Transaction) => {
      for (const [path, { before }] of gone) {
        if (before === undefined) tx.delete(path)
        else await tx.put(path, createReadStream(before))
      }
      const put = await concurrently(changed, FILES_AT_ONCE, file => this.#put(tx, file))
      puts = put.filter(one => one !== undefined)
    }
    await this.#run.commit(fill, { message: 'files of RUNLET_DIR', signal: this.#run.signal })
    for (const { path, stamp, sha256, before } of puts) {
      this.#seen.set(path, { stamp, sha256 })
      this.#ours.set(path, { sha256, before })
    }
    for (const [path] of gone) this.#ours.delete(path)
    return { put: puts.length, deleted: gone.length }
  }

  /** The file, if the run has it otherwise. */
  #look(found: FoundFile, looksAt: 'since the last round' | 'since ever'): Promise<Changed | undefined> {
    const { path, file } = found
    return withOpenFile(file, async ({ size, stamp, sha256 }) => {
      const seen = this.#seen.get(path)
      const known = stamp !== undefined && seen?.stamp === stamp ? seen : undefined
      if (known && looksAt === 'since the last round') return undefined
      const row = await this.#run.stat(path)
      if (row?.size === size && row.sha256 === (known?.sha256 ?? (await sha256()))) {
        this.#seen.set(path, { stamp, sha256: row.sha256 })
        return undefined
      }
      if (!row) this.#ours.delete(path)
      const isOthers = row !== undefined && row.sha256 !== this.#ours.get(path)?.sha256
      return { ...found, displaces: isOthers && looksAt === 'since the last round' }
    })
  }

  /** What rounds put and nobody changed since, of which the file is no more. */
  async #gone(found: readonly FoundFile[]): Promise<[Path, Ours][]> {
    const there = new Set(found.map(({ path }) => path))
    const gone = [...this.#ours].filter(([path]) => !there.has(path))
    const rows = await concurrently(gone, FILES_AT_ONCE, ([path]) => this.#run.stat(path))
    return gone.filter(([path, { sha256 }], i) => {
      this.#seen.delete(path)
      const isOurs = rows[i]?.sha256 === sha256
      if (!isOurs) this.#ours.delete(path)
      return isOurs
    })
  }

  async #put(tx: Transaction, { path, file, displaces }: Changed): Promise<Put | undefined> {
    const before = displaces ? await this.#setAside(path) : this.#ours.get(path)?.before
    return withOpenFile(file, async ({ stamp, read }) => {
      const hash = createHash('sha256')
      await tx.put(path, hashing(read(), hash))
      return { path, stamp, sha256: hash.digest('hex'), before }
    })
  }

  async #setAside(path: Path): Promise<string | undefined> {
    const value = await this.#run.stream(path)
    return value && this.#stash.add(value)
  }
}

async function* hashing(chunks: AsyncIterable<Uint8Array>, hash: { update(chunk: Uint8Array): unknown }) {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}
