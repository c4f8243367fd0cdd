// What a rule does, counted on the way: the report of retention. Bounded, whatever it deletes.
import type { Doomed } from './survey.ts'

/** How far a retention rule has come. */
export interface RetentionProgress {
  /** The rule's. */
  readonly path: string
  /** Files that the rule was asked about. */
  readonly looked: number
  /** Files that it deletes. */
  readonly files: number
}

/** What one rule deleted, or would have. */
export interface RetentionReport {
  /** Where. */
  readonly namespace: string
  /** The rule's. */
  readonly path: string
  /** How many units went: what the captures of the rule tell apart. */
  readonly units: number
  /** How many files those were. */
  readonly files: number
  /** Of their values. */
  readonly bytes: number
  /** Some of the paths. */
  readonly examples: readonly string[]
  /** Files that stay because the capture that counts holds no natural number, and some of their paths. */
  readonly notNumbered: { readonly files: number; readonly examples: readonly string[] }
  /** Files that stay for now because others changed something about them at the same time. */
  readonly left: number
}

const EXAMPLES = 20
/** Told again after so many files that were looked at. */
const PROGRESS_FILES = 1024

export class Tally {
  readonly #path: string
  readonly #onProgress: ((progress: RetentionProgress) => void) | undefined
  readonly #examples: string[] = []
  readonly #oddExamples: string[] = []
  #looked = 0
  #units = 0
  #files = 0
  #bytes = 0
  #odd = 0
  #left = 0

  constructor(path: string, onProgress: ((progress: RetentionProgress) => void) | undefined) {
    this.#path = path
    this.#onProgress = onProgress
  }

  readonly look = (): void => {
    this.#looked += 1
    if (this.#looked % PROGRESS_FILES === 0) this.#tell()
  }

  add(deleted: readonly Doomed[]): void {
    for (const { row, unit } of deleted) {
      this.#files += 1
      this.#bytes += row.size
      if (!unit.isCounted) this.#units += 1
      unit.isCounted = true
      if (this.#examples.length < EXAMPLES) this.#examples.push(row.path)
    }
  }

  readonly meetOdd = (path: string): void => {
    this.#odd += 1
    if (this.#oddExamples.length < EXAMPLES) this.#oddExamples.push(path)
  }

  readonly leave = (files: number): void => {
    this.#left += files
  }

  report(namespace: string): RetentionReport {
    this.#tell()
    return {
      namespace,
      path: this.#path,
      units: this.#units,
      files: this.#files,
      bytes: this.#bytes,
      examples: this.#examples,
      notNumbered: { files: this.#odd, examples: this.#oddExamples },
      left: this.#left,
    }
  }

  #tell(): void {
    this.#onProgress?.({ path: this.#path, looked: this.#looked, files: this.#files })
  }
}
