// Sorted rows as they come, with a look ahead: a merge asks how many of them fall into a shard before it decides what to do with
// them, and never holds them all.
import { compareBytes, type Path } from '../names.ts'
import type { Row } from './row.ts'

export class RowStream {
  /** How many rows were taken. */
  taken = 0
  readonly #rows: AsyncIterator<Row>
  readonly #ahead: Row[] = []

  constructor(rows: AsyncIterable<Row>) {
    this.#rows = rows[Symbol.asyncIterator]()
  }

  /** Whether at least so many rows come before `until` (undefined: before the end). Reads no further than that. */
  async hasBefore(until: Path | undefined, count: number): Promise<boolean> {
    while (this.#ahead.length < count) {
      const next = await this.#rows.next()
      if (next.done) return false
      this.#ahead.push(next.value)
    }
    const last = this.#ahead[count - 1] as Row
    return until === undefined || compareBytes(last.path, until) < 0
  }

  /** Whether one of the rows before `until` says deleted. Reads no further than that one. */
  async hasDeletedBefore(until: Path | undefined): Promise<boolean> {
    for (let i = 0; await this.hasBefore(until, i + 1); i++) if (this.#ahead[i]?.deleted) return true
    return false
  }

  /** Takes the next row, if it comes before `until`. */
  async takeBefore(until: Path | undefined): Promise<Row | undefined> {
    if (!(await this.hasBefore(until, 1))) return undefined
    this.taken += 1
    return this.#ahead.shift()
  }

  /** Takes the next row, if it is that of `path`. */
  async takeAt(path: Path): Promise<Row | undefined> {
    const isNext = (await this.hasBefore(undefined, 1)) && this.#ahead[0]?.path === path
    if (isNext) this.taken += 1
    return isNext ? this.#ahead.shift() : undefined
  }

  /** Ends it before its end. */
  async close(): Promise<void> {
    await this.#rows.return?.()
  }

  /** Takes all rows that come before `until`. */
  async *allBefore(until: Path | undefined): AsyncGenerator<Row> {
    for (let row = await this.takeBefore(until); row; row = await this.takeBefore(until)) yield row
  }
}
