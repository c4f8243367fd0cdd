// Hands signals to the program: each once, whether it was sent to runlet alone or to both. A second SIGINT kills the program.
import type { ChildProcess } from 'node:child_process'
import { systemAmbient } from '../../ambient.ts'
import type { SignalName } from './signals.ts'
import { Witness } from './witness.ts'

/** Under `npm run`, one Ctrl-C arrives twice: from the terminal, and handed on by npm. People are slower. */
const SAME_PRESS_MS = 100

export class Relay {
  readonly #program: Pick<ChildProcess, 'kill'>
  readonly #witness = new Witness()
  #interruptedAt: number | undefined

  constructor(program: Pick<ChildProcess, 'kill'>) {
    this.#program = program
  }

  async handOn(signal: SignalName): Promise<void> {
    if (signal === 'SIGINT' && this.#interruptedAt !== undefined) {
      if (systemAmbient.monotonic() - this.#interruptedAt >= SAME_PRESS_MS) this.#program.kill('SIGKILL')
      return
    }
    if (signal === 'SIGINT') this.#interruptedAt = systemAmbient.monotonic()
    if (!(await this.#witness.saw(signal))) this.#program.kill(signal)
  }

  stop(): void {
    this.#witness.stop()
  }
}
