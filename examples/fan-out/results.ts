// What a run writes, and its own account of it: in the end the demo holds what the parent says against these accounts.
// A run keeps to a folder of its own, so runs never meet there; the log is one path for all of them, so there they always do.
import { createHash } from 'node:crypto'
import type { Run } from 'runlet'

/** The path that every run appends to. */
export const LOG = 'log/fan-out.txt'

export interface Account {
  readonly run: string
  /** Size and SHA-256 of what was written, by path. */
  readonly files: ReadonlyMap<string, Written>
  /** The lines that were added to the log. */
  readonly lines: readonly string[]
}

export interface Written {
  readonly size: number
  readonly sha256: string
}

export class Results {
  readonly account = { run: '', files: new Map<string, Written>(), lines: [] as string[] }
  readonly #run: Run

  constructor(run: Run) {
    this.#run = run
    this.account.run = run.id
  }

  /** Writes one result. Those written at the same time share a commit. */
  async put(name: string, value: unknown): Promise<void> {
    const [path, text] = [this.#pathOf(name), textOf(value)]
    await this.#run.put(path, text)
    this.#note(path, text)
  }

  /** Writes many results as one: all of them are there, or none. */
  async commit(results: ReadonlyMap<string, unknown>, message: string): Promise<void> {
    if (results.size === 0) return
    const texts = [...results].map(([name, value]) => [this.#pathOf(name), textOf(value)] as const)
    await this.#run.commit(
      tx => {
        for (const [path, text] of texts) tx.put(path, text)
      },
      { message },
    )
    for (const [path, text] of texts) this.#note(path, text)
  }

  /** Appends a line to the log that all runs share. */
  async log(message: string): Promise<void> {
    const line = `${new Date().toISOString()} ${this.#run.id} ${message}`
    const before = await this.#run.get(LOG)
    await this.#run.put(LOG, `${before ? Buffer.from(before).toString() : ''}${line}\n`)
    this.account.lines.push(line)
  }

  #pathOf(name: string): string {
    return `${folderOf(this.#run.id)}${name}`
  }

  #note(path: string, text: string): void {
    this.account.files.set(path, {
      size: Buffer.byteLength(text),
      sha256: createHash('sha256').update(text).digest('hex'),
    })
  }
}

export const folderOf = (run: string): string => `runs/${run}/`

/** A name from outside (a file's path, an author) as part of a path in a namespace, which takes less. One to one. */
export function nameOf(outside: string): string {
  const encoded = encodeURI(outside)
  if (encoded.length <= 600) return encoded
  return `${createHash('sha256').update(outside).digest('hex')}-${encoded.slice(-500).replaceAll('/', '-')}`
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : `${JSON.stringify(value)}\n`)
