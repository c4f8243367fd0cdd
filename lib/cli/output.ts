// Where a verb writes: data on stdout, messages on stderr, progress on stderr only when a person looks at it.
// A reader that has gone away (`runlet ls | head -1`) is no error: from then on `closed` is true and writing does nothing.
import type { Writable } from 'node:stream'
import { systemAmbient } from '../ambient.ts'
import { describeFailure } from './failure.ts'
import { clipped, printable } from './table.ts'

/** A line that moves is written anew at most so often. */
const MOVE_MS = 100
const ERASE_LINE = '\r\u001b[K'

interface OutputOptions {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  /** Whether failures are told with their stack. */
  readonly verbose?: boolean | undefined
  /** False turns colours off; otherwise they are used on a terminal, unless NO_COLOR is set. */
  readonly color?: boolean | undefined
}

export class Output {
  /** Whether results are to be JSON. */
  readonly json: boolean
  /** Whether nobody reads stdout any more: a listing may stop. */
  closed = false
  readonly #quiet: boolean
  readonly #verbose: boolean
  readonly #color: boolean
  /** When the line that moves was last written; undefined when none stands there. */
  #movedAt: number | undefined

  constructor({ json = false, quiet = false, verbose = false, color = true }: OutputOptions) {
    this.json = json
    this.#quiet = quiet
    this.#verbose = verbose
    this.#color = color && process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  }

  /** Writes data; resolves when it has left, so that a slow reader is waited for. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.closed) return
    // What goes to a file or a pipe does not meet the line that moves.
    if (process.stdout.isTTY) this.still()
    try {
      await written(process.stdout, data)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
      this.closed = true
    }
  }

  /** How wide a line of a table may be; undefined when no terminal shows it. */
  get columns(): number | undefined {
    return process.stdout.isTTY ? process.stdout.columns || undefined : undefined
  }

  /** Writes one line of data. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`)
  }

  /** Writes one JSON document as a line: the result, or one item of a list. */
  document(value: unknown): Promise<void> {
    return this.line(JSON.stringify(value))
  }

  /** Tells what happened: as JSON on stdout when that was asked for, else as a message. */
  async result(value: unknown, message: string): Promise<void> {
    if (this.json) await this.document(value)
    else this.say(message)
  }

  /** A message for people, one line on stderr. */
  say(message: string): void {
    this.still()
    if (!this.#quiet) process.stderr.write(`runlet: ${printable(message)}\n`)
  }

  /** Progress: only for somebody who looks at a terminal. */
  progress(message: string): void {
    if (process.stderr.isTTY) this.say(message)
  }

  /** Whether anybody sees what `move` tells. */
  get moves(): boolean {
    return !this.#quiet && process.stderr.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** How far long work has come: one line on a terminal, which the next one overwrites. */
  move(message: string): void {
    if (!this.moves) return
    const now = systemAmbient.monotonic()
    if (this.#movedAt !== undefined && now - this.#movedAt < MOVE_MS) return
    this.#movedAt = now
    process.stderr.write(`${ERASE_LINE}${clipped(printable(`runlet: ${message}`), (process.stderr.columns || 80) - 1)}`)
  }

  /** Tells of a failure that does not end the command by itself. */
  failure(error: unknown): void {
    this.still()
    process.stderr.write(`${describeFailure(error, { verbose: this.#verbose })}\n`)
  }

  /** Takes the line that moves away, for another to be written in its place, or because the work is done. */
  still(): void {
    if (this.#movedAt !== undefined) process.stderr.write(ERASE_LINE)
    this.#movedAt = undefined
  }

  bold(text: string): string {
    return this.#color ? `\u001b[1m${text}\u001b[22m` : text
  }
}

function written(stream: Writable, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, error => (error ? reject(error) : resolve()))
  })
}
