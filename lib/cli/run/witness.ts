// Tells whether a signal was sent to this process alone, or to all of its process group: Ctrl-C, `timeout` and service managers
// signal the whole group, and a program that got its signal must not get it again, for many end at once at a second one.
// Node does not say who sent a signal, so a process that does nothing stands beside the program: what it dies of, the program got.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { systemAmbient } from '../../ambient.ts'

/** A process that was signalled too is gone long before. */
const PATIENCE_MS = 250

export class Witness {
  #process = start()
  #stopped = false

  /** Whether the others of the group got `signal` too. Without a witness (no `cat` on this machine): no. */
  async saw(signal: NodeJS.Signals): Promise<boolean> {
    const witness = this.#process
    if (witness.pid === undefined) return false
    if (witness.signalCode === null && witness.exitCode === null) {
      const done = new AbortController()
      await Promise.race([once(witness, 'exit', done), systemAmbient.sleep(PATIENCE_MS, done).catch(() => undefined)])
      done.abort()
    }
    if (witness.signalCode === null) return false
    if (!this.#stopped) this.#process = start()
    return witness.signalCode === signal
  }

  stop(): void {
    this.#stopped = true
    this.#process.stdin?.destroy()
  }
}

/** Reads a pipe that nobody writes to, so it ends when this process does, however that ends. */
function start(): ChildProcess {
  const witness = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  witness.on('error', () => {}) // there is no `cat`: then there is no pid
  witness.stdin?.on('error', () => {})
  return witness
}
