// SIGINT, SIGTERM and SIGHUP while `runlet run` is at work. While the program runs they are the program's (see relay.ts). Before
// and after it, the first one is remembered, so that the run is settled as after any failure, and a second one ends runlet at
// once: a fold that is cut off is finished by folding again.
import { constants } from 'node:os'

const NAMES = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type SignalName = (typeof NAMES)[number]

export const exitCodeOfSignal = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

export class Signals {
  /** Takes the signals while it is set. */
  relay: ((signal: SignalName) => void) | undefined
  /** The first signal that nobody took. */
  pending: SignalName | undefined

  constructor() {
    for (const name of NAMES) process.on(name, this.#receive)
  }

  /** From now on signals do what they do by default. */
  stop(): void {
    for (const name of NAMES) process.removeListener(name, this.#receive)
  }

  readonly #receive = (signal: SignalName): void => {
    if (this.relay) this.relay(signal)
    else if (this.pending) process.exit(exitCodeOfSignal(signal))
    else this.pending = signal
  }
}
