// How the files of RUNLET_DIR come into the run: while the program is at work, as often as the user asked for, and once it has
// ended. What the folder is to the run, an outbox or a working copy, is a matter of outbox.ts and copy.ts.
import { systemAmbient } from '../../ambient.ts'
import { keepInStep } from '../../sync/keep-in-step.ts'

/** How many files were put into the run, and how many removed from it. */
export interface Moved {
  readonly put: number
  readonly deleted: number
}

/** What RUNLET_DIR is to the run. */
export interface Source {
  /** Brings what changed into the run while the program may be writing: a file may be caught half-written. */
  round(): Promise<Moved>
  /** After it, the run has what the folder has. */
  finish(): Promise<Moved>
  close(): Promise<void>
}

interface Synced extends Moved {
  /** How many rounds there were before the last one, at the end. */
  readonly rounds: number
}

export class RunFiles {
  readonly #source: Source
  #synced: Synced = { rounds: 0, put: 0, deleted: 0 }

  constructor(source: Source) {
    this.#source = source
  }

  /** All that was brought into the run so far. */
  get synced(): Synced {
    return this.#synced
  }

  /** Resolves once `over` has aborted and no round is in progress. */
  async sync(everyMs: number, over: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
    const round = async () => this.#count(await this.#source.round())
    const rounds = await keepInStep(round, { everyMs, ambient: systemAmbient, signal: over, onFailure })
    this.#synced = { ...this.#synced, rounds }
  }

  /** When it resolves, the run has what the folder has. */
  async finish(): Promise<void> {
    this.#count(await this.#source.finish())
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  #count({ put, deleted }: Moved): void {
    const { rounds, put: before, deleted: gone } = this.#synced
    this.#synced = { rounds, put: before + put, deleted: gone + deleted }
  }
}
