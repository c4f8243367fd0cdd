// Many seeds on all cores: each worker process simulates one seed at a time, and says how it went.
import { type ChildProcess, fork } from 'node:child_process'
import { type Program, programBeside } from '../support/programs.ts'

/** What became of one seed. */
export interface Report {
  readonly seed: number
  readonly hash?: string
  /** What was violated, with the seed in it. */
  readonly problem?: string
}

export interface PoolOptions {
  readonly jobs: number
  /** Told of each seed; answers whether to go on. */
  readonly onReport: (report: Report) => boolean
  /** The checkout whose simulation is run; by default this one. */
  readonly root?: string | undefined
}

/** A seed that takes longer than this in real time is in a loop without an await, or nearly. */
const SEED_LIMIT_MS = 120_000

/** Simulates all of them, in their order; resolves when all are done, or when it was told to stop. */
export async function simulateAll(seeds: Iterable<number>, { jobs, onReport, root }: PoolOptions): Promise<void> {
  const program = programBeside(root ? `file://${root}/test/simulation/pool.ts` : import.meta.url, 'worker')
  const left = seeds[Symbol.iterator]()
  let going = true
  const next = () => (going ? left.next().value : undefined) as number | undefined
  await Promise.all(
    Array.from({ length: jobs }, () =>
      new Worker(program, root).work(next, report => {
        if (going) going = onReport(report)
      }),
    ),
  )
}

class Worker {
  private readonly child: ChildProcess
  private stderr = ''

  constructor({ script, execArgv }: Program, cwd: string | undefined) {
    this.child = fork(script, [], { execArgv, cwd, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.child.stderr?.on('data', data => {
      this.stderr += data
    })
  }

  /** Until there is no next seed, or the process is gone. */
  async work(next: () => number | undefined, onReport: (report: Report) => void): Promise<void> {
    try {
      for (let seed = next(); seed !== undefined; seed = next()) {
        const report = await this.simulate(seed)
        onReport(report)
        if (!this.child.connected) return
      }
    } finally {
      this.child.kill('SIGKILL')
    }
  }

  private simulate(seed: number): Promise<Report> {
    return new Promise(resolve => {
      const onExit = (code: number | null, signal: string | null) => {
        ended()
        const how = signal === 'SIGKILL' ? 'it did not end' : `its process ended with ${code ?? signal}`
        resolve({ seed, problem: `seed ${seed}: ${how}: ${this.stderr.slice(-2_000)}` })
      }
      const onMessage = (report: unknown) => {
        ended()
        resolve(report as Report)
      }
      const tooLong = setTimeout(() => this.child.kill('SIGKILL'), SEED_LIMIT_MS)
      const ended = () => {
        clearTimeout(tooLong)
        this.child.off('exit', onExit).off('message', onMessage)
      }
      this.child.once('exit', onExit).once('message', onMessage)
      this.child.send(seed)
    })
  }
}
