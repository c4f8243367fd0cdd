// The processes of the index benchmark, as the benchmark itself sees them: compiled first, since a loader would be in their peak
// memory, and each with a disk cache of its own that is empty. The next one is started ahead: how long a process takes to start
// is not what is measured.
import { type ChildProcess, execFile, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { useTestCredentials } from '../../support/s3-server.ts'
import type { Answer, Ended, Job, Network, Question } from './messages.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Inside the project, where the dependencies are found; a folder of its own for each benchmark that runs. */
const OUT = join(ROOT, '.bench', String(process.pid))
const COMPILED = join(OUT, 'test', 'bench', 'index')

/** Compiles what the processes run. */
export async function compile(): Promise<void> {
  const config = join(ROOT, 'test', 'bench', 'index', 'tsconfig.json')
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  await promisify(execFile)(process.execPath, [tsc, '-p', config, '--outDir', OUT])
  process.once('exit', () => rmSync(OUT, { recursive: true, force: true }))
}

/** Where something of the project lies once it is compiled, by its path without the extension. */
export const compiled = (path: string): string => join(OUT, `${path}.js`)

interface How {
  readonly args?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly flags?: readonly string[]
}

/** A compiled process that answers messages. */
class Process {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: unknown) => void }>()
  #sent = 0

  constructor(script: string, { args = [], env = {}, flags = [] }: How = {}) {
    this.#child = fork(join(COMPILED, script), args, { execArgv: [...flags], env: { ...process.env, ...env } })
    this.#child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended (${code ?? signal})`))
    })
  }

  ask<T>(message: object): Promise<T> {
    const id = this.#sent++
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, ...message })
    }) as Promise<T>
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

/** The S3 server. */
export class ServerProcess {
  readonly #process: Process

  constructor(network?: Network) {
    useTestCredentials()
    this.#process = new Process('server.js', { args: network ? [JSON.stringify(network)] : [] })
  }

  ask<T>(question: Question): Promise<T> {
    return this.#process.ask({ question })
  }

  kill(): void {
    this.#process.kill()
  }
}

/** A process that does jobs, until it is told to end. */
export class Worker {
  readonly #process: Process
  readonly #cache = mkdtempSync(join(tmpdir(), 'runlet-bench-cache-'))

  constructor(flags: readonly string[] = []) {
    this.#process = new Process('worker.js', { env: { RUNLET_CACHE: this.#cache }, flags })
  }

  async give(job: Job): Promise<Answer> {
    const answer = await this.#process.ask<Answer>({ job })
    if (answer.failure) throw new Error(`${job.kind}: ${answer.failure}`)
    return answer
  }

  /** Resolves when its upkeep is done and it is gone. */
  async end(): Promise<Ended> {
    const ended = await this.#process.ask<Ended>({})
    this.discard()
    return ended
  }

  discard(): void {
    this.#process.kill()
    rmSync(this.#cache, { recursive: true, force: true })
  }
}

/** New processes, one started ahead. */
export class Workers {
  #next: Worker | undefined

  take(): Worker {
    const worker = this.#next ?? new Worker()
    this.#next = new Worker()
    return worker
  }

  end(): void {
    this.#next?.discard()
  }
}
