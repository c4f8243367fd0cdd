// The terminal while `runlet top` has it: another screen, so that what stood there comes back in the end, whatever ends the command. Each
// frame is one write that overwrites the one before line by line: nothing is cleared first, so nothing flickers.
import type { ReadStream, WriteStream } from 'node:tty'

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l'
/** A terminal that knows these shows all that stands between them at once. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_REST = '\u001b[J'
const QUIT_KEYS = new Set(['q', 'Q', '\u0003', '\u001b', '\u0004'])

type Out = Pick<WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>
type In = Pick<ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>

export class Screen {
  readonly #out: Out
  readonly #in: In
  readonly #handlers: { readonly onQuit: () => void; readonly onResize: () => void }
  #entered = false

  constructor(out: Out, input: In, handlers: { readonly onQuit: () => void; readonly onResize: () => void }) {
    this.#out = out
    this.#in = input
    this.#handlers = handlers
  }

  get size(): { readonly columns: number; readonly rows: number } {
    // What clears the rest of a line would take its last character where it fills the line.
    return { columns: (this.#out.columns || 80) - 1, rows: this.#out.rows || 24 }
  }

  enter(): void {
    if (this.#entered) return
    this.#entered = true
    this.#out.write(ENTER)
    this.#out.on('resize', this.#handlers.onResize)
    process.on('exit', this.#leave)
    if (!this.#in.isTTY) return
    this.#in.setRawMode(true)
    this.#in.on('data', this.#onKeys)
    this.#in.resume()
  }

  draw(lines: readonly string[]): void {
    if (!this.#entered) return
    const body = lines.map(line => `${line}${CLEAR_LINE}`).join('\r\n')
    this.#out.write(`${BEGIN}${HOME}${body}${CLEAR_REST}${END}`)
  }

  /** Gives the terminal back as it was. Doing it twice is no error. */
  leave(): void {
    this.#leave()
  }

  readonly #leave = (): void => {
    if (!this.#entered) return
    this.#entered = false
    this.#out.off('resize', this.#handlers.onResize)
    process.off('exit', this.#leave)
    if (this.#in.isTTY) {
      this.#in.off('data', this.#onKeys)
      this.#in.setRawMode(false)
      this.#in.pause()
    }
    this.#out.write(LEAVE)
  }

  readonly #onKeys = (keys: Buffer | string): void => {
    if (QUIT_KEYS.has(keys.toString())) this.#handlers.onQuit()
  }
}
