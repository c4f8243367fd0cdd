// Real processes, started ahead and then released together: how long a process takes to start is not what is measured.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))

export type Job = { readonly url: string } & (
  | { readonly kind: 'open' }
  /** Opens the namespace and writes one KiB. */
  | { readonly kind: 'put'; readonly namespace: string; readonly path: string }
  /** Forks runs and writes to them; they stay open. */
  | { readonly kind: 'fork'; readonly namespace: string; readonly ids: readonly string[] }
  /** Folds one of the runs. */
  | { readonly kind: 'fold'; readonly index: number }
  /** As tools do it today (whole-index-under-one-lock.ts). */
  | { readonly kind: 'locked put'; readonly path: string; readonly limitMs: number }
)

export interface Answer {
  /** From the start of the work on this job. */
  readonly ms: number
  readonly requests: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly failure: string | undefined
}

export class Processes {
  readonly #children: readonly ChildProcess[]
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #jobs = 0

  private constructor(count: number) {
    this.#children = Array.from({ length: count }, () => this.#fork())
  }

  /** Resolves when all of them have loaded what they need. */
  static async start(count: number, url: string): Promise<Processes> {
    const processes = new Processes(count)
    await processes.all(() => ({ kind: 'open', url }))
    return processes
  }

  get count(): number {
    return this.#children.length
  }

  /** Gives a job to each of the first `count` processes at once. */
  all(jobFor: (index: number) => Job, count = this.count): Promise<Answer[]> {
    return Promise.all(this.#children.slice(0, count).map((_, i) => this.give(i, jobFor(i))))
  }

  /** Gives a job to one process, which may have others under way. */
  give(index: number, job: Job): Promise<Answer> {
    const id = this.#jobs++
    return new Promise(resolve => {
      this.#waiting.set(id, resolve)
      this.#children[index]?.send({ id, job })
    })
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #fork(): ChildProcess {
    const child = fork(WORKER, { execArgv: ['--import', 'tsx'] })
    child.on('message', ({ id, answer }: { id: number; answer: Answer }) => {
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
    child.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL') throw new Error(`a process of the benchmark ended by itself (${code ?? signal})`)
    })
    return child
  }
}

export const failuresOf = (answers: readonly Answer[]): string[] => answers.flatMap(({ failure }) => failure ?? [])
