// Calls of the built command that need no process of their own: see command-server.mjs. Not for `runlet run`, whose program has the
// output of the process, nor for what is about several processes at once, or about one that is killed.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from './programs.ts'

export interface Call {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly input: string
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const SERVER = fileURLToPath(new URL('command-server.mjs', import.meta.url))
const PROGRAM = join(ROOT, 'dist', 'cli', 'program.js')
/** For a call that would never end. */
const PATIENCE_MS = 60_000

export class CommandServer {
  #process: ChildProcess | undefined
  #calls = 0

  /** Resolves when the command has ended. */
  call(call: Call): Promise<Ended> {
    this.#process ??= fork(SERVER, [PROGRAM], { env: call.env })
    const server = this.#process
    // A call of each test, a listener each.
    server.setMaxListeners(0)
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => server.kill('SIGKILL'), PATIENCE_MS)
      const settle = (done: () => void): void => {
        clearTimeout(limit)
        server.off('message', listen).off('exit', fail)
        done()
      }
      const fail = () => settle(() => reject(new Error(`runlet ${call.args.join(' ')} ended the server of commands`)))
      const listen = (said: unknown): void => {
        const answer = said as { id: number; ended: Ended }
        if (answer.id === id) settle(() => resolve(answer.ended))
      }
      server.on('message', listen).on('exit', fail)
      server.send({ id, ...call })
    })
  }

  stop(): void {
    this.#process?.kill('SIGKILL')
  }
}
