// A pipeline in plain code: takes the newest commits of the repository that you stand in through five phases, three at a time, each in
// a worktree and a run of its own. Killed and started again with the same store, it goes on: what is in the namespace is not done again.
import { mkdtemp } from 'node:fs/promises'
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

const temporary = (name: string) => mkdtemp(join(tmpdir(), `runlet-pipeline-${name}-`))
const store = await openStore(process.env.RUNLET_STORE ?? `file:${await temporary('store')}`)
const parent = await store.namespace(process.env.RUNLET_NAMESPACE ?? 'pipeline', { create: true })
const { stdout } = await execa('git', ['log', '--max-count=6', '--format=%h'])

const queue = new PQueue({ concurrency: 3 })
const worktrees = new PQueue({ concurrency: 1 }) // git makes them one at a time
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
  const cwd = await temporary(commit)
  await worktrees.add(() => execa('git', ['worktree', 'add', '--detach', cwd, commit]))
  try {
    for (const [name, command] of Object.entries(PHASES)) {
      if (await run.stat(`${commit}/${name}`)) continue // finished before a crash
      const [program = '', ...args] = parseCommandString(command)
      const { stdout } = await execa(program, args, { cwd, encoding: 'buffer', cancelSignal: run.signal })
      await run.put(`${commit}/${name}`, stdout)
    }
  } finally {
    await worktrees.add(() => execa('git', ['worktree', 'remove', '--force', cwd]))
  }
}
