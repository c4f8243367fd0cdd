// How far the workflows are, on stderr: a line for each that is drawn again and again on a terminal, else a line for each transition.
import type { WriteStream } from 'node:tty'
import { PHASES, type Transition } from './state.ts'

const SIGNS = { started: '…', finished: '✓', failed: '✗' } as const

export class Board {
  readonly #stream: WriteStream
  readonly #lines = new Map<string, Map<string, string>>()
  #drawn = 0

  constructor(stream: WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** A workflow begins, or goes on after these transitions. */
  begin(id: string, transitions: readonly Transition[]): void {
    const signs = transitions.map(({ phase, became }) => [phase, SIGNS[became]] as const)
    this.#lines.set(id, new Map<string, string>([...PHASES.map(phase => [phase, ' '] as const), ...signs]))
    if (this.#stream.isTTY) this.#draw()
  }

  /** Somebody else has it; told once. */
  wait(id: string, holder: string): void {
    if (this.#lines.has(id)) return
    const text = `waits for the lease of ${holder} to run out`
    this.#lines.set(id, new Map([[text, '']]))
    if (this.#stream.isTTY) this.#draw()
    else this.#stream.write(`${id} ${text}\n`)
  }

  show(id: string, { phase, became }: Transition): void {
    this.#lines.get(id)?.set(phase, SIGNS[became])
    if (this.#stream.isTTY) this.#draw()
    else this.#stream.write(`${id} ${phase} ${became}\n`)
  }

  #draw(): void {
    const width = Math.max(...[...this.#lines.keys()].map(id => id.length))
    const lines = [...this.#lines].map(([id, signs]) => {
      const line = `${id.padEnd(width)}  ${[...signs].map(([phase, sign]) => `${phase} ${sign}`).join('  ')}`
      return `\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}\n` // a line that wraps would count as two
    })
    this.#stream.write(`${this.#drawn ? `\x1b[${this.#drawn}A` : ''}${lines.join('')}`)
    this.#drawn = lines.length
  }
}
