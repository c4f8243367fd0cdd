// Processes that a test starts, listens to, kills and stops: real ones, by their own process ids. A worker is a script of this
// folder that takes its job as JSON and talks through Node's own channel (worker.ts is its end).
// The invariant: `end` leaves no process behind, not even a stopped one, whatever became of the test.
import { type ChildProcess, fork } from 'node:child_process'
import { programBeside } from './programs.ts'

/** What a worker says: a word, and facts that go with it. */
export interface Said {
  readonly kind: string
  readonly [fact: string]: unknown
}

/** How a worker ended. */
export interface Ending {
  /** Its exit code, or the signal that killed it. */
  readonly by: number | NodeJS.Signals | null
  readonly stderr: string
}

export class Fleet {
  private readonly members = new Set<Member>()

  /** Starts `<worker>.ts` of this folder. */
  start(worker: string, job: object): Member {
    const member = new Member(worker, job)
    this.members.add(member)
    void member.ended.then(() => this.members.delete(member))
    return member
  }

  /** Kills whatever still runs. */
  async end(): Promise<void> {
    const members = [...this.members]
    for (const member of members) member.kill('SIGKILL')
    await Promise.all(members.map(member => member.ended))
  }
}

export class Member {
  readonly ended: Promise<Ending>
  private readonly name: string
  private readonly child: ChildProcess
  private readonly said: Said[] = []
  private listeners: (() => void)[] = []
  private ending: Ending | undefined

  constructor(worker: string, job: object) {
    this.name = worker
    const { script, execArgv } = programBeside(import.meta.url, worker)
    this.child = fork(script, [JSON.stringify(job)], {
      execArgv,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.child.on('message', said => {
      this.said.push(said as Said)
      this.wake()
    })
    this.ended = this.watchEnd()
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  tell(kind: string): void {
    this.child.send({ kind })
  }

  /** Resolves when the worker has said `kind` so many times, to what it said last; rejects if it ends before. */
  async hears(kind: string, times = 1): Promise<Said> {
    for (;;) {
      const heard = this.said.filter(said => said.kind === kind)[times - 1]
      if (heard) return heard
      if (this.ending) throw new Error(`${this.name} ended before it said "${kind}": ${describe(this.ending)}`)
      await new Promise<void>(resolve => this.listeners.push(resolve))
    }
  }

  /** Resolves when the worker has done its job. */
  async succeeds(): Promise<void> {
    const ending = await this.ended
    if (ending.by !== 0) throw new Error(`${this.name} failed: ${describe(ending)}`)
  }

  private async watchEnd(): Promise<Ending> {
    let stderr = ''
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const by = await new Promise<Ending['by']>((resolve, reject) => {
      this.child.on('error', reject)
      // After 'close' nothing more is said, and stderr is complete.
      this.child.on('close', (code, signal) => resolve(signal ?? code))
    })
    this.ending = { by, stderr }
    this.wake()
    return this.ending
  }

  private wake(): void {
    const listeners = this.listeners
    this.listeners = []
    for (const listener of listeners) listener()
  }
}

const describe = ({ by, stderr }: Ending): string => `ended by ${by}\n${stderr}`
