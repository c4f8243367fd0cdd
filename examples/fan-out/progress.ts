// How far the runs are, as one line on stderr that is drawn again and again; nothing at all when that is not a terminal.
import type { WriteStream } from 'node:tty'

export class Progress {
  readonly #terminal: WriteStream | undefined
  readonly #counts: Map<string, number>
  readonly #total: number

  constructor(steps: readonly string[], total: number, stream: WriteStream = process.stderr) {
    this.#terminal = stream.isTTY ? stream : undefined
    this.#counts = new Map(steps.map(step => [step, 0]))
    this.#total = total
  }

  /** One more run is done with a step. */
  done(step: string): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + 1)
    this.#draw()
  }

  /** Takes the line away. */
  end(): void {
    this.#terminal?.write('\r\x1b[K')
  }

  #draw(): void {
    const steps = [...this.#counts].map(([step, count]) => `${step} ${count}/${this.#total}`)
    this.#terminal?.write(`\r\x1b[K${steps.join('  ')}`)
  }
}
