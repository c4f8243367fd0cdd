// What becomes of runs whose processes are gone: taking them over as soon as that may be, and watching how they come to be seen.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ForkOptions, type Namespace, type Run, RunInUseError, RunNotFoundError } from '../../lib/index.ts'

/** Takes a run over once its dead owner's lease has run out; undefined when its fork never got so far that there is a run. */
export async function resumeOnceFree(parent: Namespace, id: string, options?: ForkOptions): Promise<Run | undefined> {
  for (;;) {
    try {
      return await parent.resume(id, options)
    } catch (error) {
      if (error instanceof RunNotFoundError) return undefined
      if (!(error instanceof RunInUseError)) throw error
      await sleep(100)
    }
  }
}

/** Looks at the folder `runs/` of a namespace again and again: what is seen of a run must never change. */
export class Watcher {
  looks = 0
  /** Runs that were seen in different states. */
  readonly changed: string[] = []
  private readonly seen = new Map<string, string>()
  private stopped = false

  async watch(namespace: Namespace): Promise<void> {
    while (!this.stopped) {
      const now = await filesOfRuns(namespace)
      for (const [run, files] of this.seen) if (now.get(run) !== files) this.changed.push(run)
      for (const [run, files] of now) this.seen.set(run, files)
      this.looks += 1
      await sleep(20)
    }
  }

  stop(): void {
    this.stopped = true
  }
}

/** Each run's files with their hashes, as one string. */
async function filesOfRuns(namespace: Namespace): Promise<Map<string, string>> {
  const runs = new Map<string, string>()
  for await (const { path, sha256 } of namespace.list('runs/')) {
    const run = path.split('/')[1] ?? ''
    runs.set(run, `${runs.get(run) ?? ''}${path} ${sha256}\n`)
  }
  return runs
}
