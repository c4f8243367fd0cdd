// A pipeline in plain code: takes the newest commits of the repository that you stand in through five phases, three at a time, each in
// a worktree and a run of its own. Killed and started again with the same store, it goes on: what is in the namespace is not done again. The
// worktrees of one that was killed are removed by the next, whatever its store.
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa, parseCommandString } from 'execa'
import PQueue from 'p-queue'
import { openStore, type Run, withRunNamespace } from 'runlet'

/** What each phase runs, and where its output goes. */
const PHASES = {
  'plan.txt': 'git ls-files',
  'build.tar.gz': 'git archive --format=tar.gz HEAD',
  'test.txt': 'git status --porcelain=v2 --branch',
  'review.txt': 'git show --stat HEAD',
  'document.txt': 'git log --max-count=1 --format=%B HEAD',
}

const results = process.env.RUNLET_STORE ?? `file:${await mkdtemp(join(tmpdir(), 'runlet-pipeline-store-'))}`
const store = await openStore(results)
const parent = await store.namespace(process.env.RUNLET_NAMESPACE ?? 'pipeline', { create: true })
const { stdout } = await execa('git', ['log', '--max-count=6', '--format=%h'])

const queue = new PQueue({ concurrency: 3 })
const worktrees = new PQueue({ concurrency: 1 }) // git makes them one at a time
for (const line of (await execa('git', ['worktree', 'list', '--porcelain'])).stdout.split('\n')) {
  const [, folder, pid] = /^worktree (.*\/runlet-pipeline-(\d+)-\w+)$/.exec(line) ?? []
  if (folder && !isAlive(Number(pid))) await remove(folder)
}
const work = stdout.split('\n').map(async commit => {
  const onFold = ({ rows }: { rows: number }) => console.log(`${commit}: ${rows} new results`)
  const go = () => withRunNamespace(commit, run => pipeline(run, commit), { store, parent, resume: true, onFold })
  await queue.add(go)
})
for (const end of await Promise.allSettled(work)) {
  if (end.status === 'fulfilled') continue
  console.error(end.reason)
  process.exitCode = 1
}
console.log(`RUNLET_STORE='${store.url}' RUNLET_NAMESPACE=${parent.name} npx runlet ls`)
await store.close()

async function pipeline(run: Run, commit: string): Promise<void> {
  const cwd = join(await realpath(tmpdir()), `runlet-pipeline-${process.pid}-${commit}`)
  await worktrees.add(() => execa('git', ['worktree', 'add', '--detach', cwd, commit]))
  try {
    for (const [name, command] of Object.entries(PHASES)) {
      if (await run.stat(`${commit}/${name}`)) continue // finished before a crash
      const [program = '', ...args] = parseCommandString(command)
      const { stdout } = await execa(program, args, { cwd, encoding: 'buffer', cancelSignal: run.signal })
      await run.put(`${commit}/${name}`, stdout)
    }
  } finally {
    await worktrees.add(() => remove(cwd))
  }
}

function remove(worktree: string) {
  return execa('git', ['worktree', 'remove', '--force', '--force', worktree])
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
