// Writes one level of the index from left to right: items (rows, or references to the level below) are gathered into files of a
// bounded and even size, between files that stand as they are. What would become too small is joined with its neighbour.
import PQueue from 'p-queue'
import type { IndexRef } from './head.ts'

/** What a level's files hold, and how they are read and written. */
export interface Level<T> {
  /** How much of a file an item fills: 1 fills it. */
  share(item: T): number
  write(items: T[]): Promise<IndexRef>
  /** The items of a file that stands, to be written anew with others. */
  open(ref: IndexRef): Promise<T[]>
}

/** Less than so much of a file is joined with its neighbour. */
const SMALL = 0.25
/** Files under way at the same time: enough to hide the latency, few enough for the memory. */
const CONCURRENCY = 8

export class LevelWriter<T> {
  readonly #level: Level<T>
  readonly #queue = new PQueue({ concurrency: CONCURRENCY })
  #refs: (IndexRef | Promise<IndexRef>)[] = []
  #open: T[] = []
  #fill = 0
  #failure: { error: unknown } | undefined

  constructor(level: Level<T>) {
    this.#level = level
  }

  /** The next item, which is to be written. Resolves when there is room for another. */
  async add(item: T): Promise<void> {
    this.#open.push(item)
    this.#fill += this.#level.share(item)
    // Enough for two is kept back, so that the last file of a stretch is never a scrap.
    if (this.#fill >= 2) await this.#write(this.#cut(1))
  }

  async addAll(items: Iterable<T> | AsyncIterable<T>): Promise<void> {
    for await (const item of items) await this.add(item)
  }

  /** A file that stands. It is written anew only if what came before it is too small to stand alone. */
  async keep(ref: IndexRef): Promise<void> {
    if (this.#fill > 0 && this.#fill < SMALL) return this.addAll(await this.#level.open(ref))
    await this.#flush()
    this.#refs.push(ref)
  }

  /** The references to all files, in order. */
  async finish(): Promise<IndexRef[]> {
    const before = this.#refs.at(-1)
    if (this.#fill > 0 && this.#fill < SMALL && before) {
      this.#refs.pop()
      const after = this.#open
      this.#open = []
      this.#fill = 0
      await this.addAll(await this.#level.open(await before))
      await this.addAll(after)
    }
    await this.#flush()
    return Promise.all(this.#refs)
  }

  async #flush(): Promise<void> {
    if (this.#fill > 1) await this.#write(this.#cut(this.#fill / 2))
    if (this.#open.length > 0) await this.#write(this.#cut(Number.POSITIVE_INFINITY))
  }

  /** Takes the first items off, as many as fill so much of a file, and at least one. */
  #cut(most: number): T[] {
    let [count, fill] = [0, 0]
    for (const item of this.#open) {
      const share = this.#level.share(item)
      if (count > 0 && fill + share > most) break
      fill += share
      count += 1
    }
    this.#fill = count === this.#open.length ? 0 : this.#fill - fill
    return this.#open.splice(0, count)
  }

  async #write(items: T[]): Promise<void> {
    const written = this.#queue.add(() => this.#level.write(items))
    written.catch(error => {
      this.#failure ??= { error }
    })
    this.#refs.push(written)
    await this.#queue.onSizeLessThan(1)
    if (this.#failure) throw this.#failure.error
  }
}
