// The fan-out demo: examines the last commits of a git repository in as many worktrees at once, each in a run of its own, folds
// all runs into one namespace, and checks that nothing was lost. The order of things is here; each thing has its own file.
// Exit code: 0 all is there, 1 something is missing or failed, 2 wrong usage, 130 interrupted.
import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openStore, RunletError, type Store } from 'runlet'
import { type Arguments, parseArguments, USAGE, UsageError } from './arguments.ts'
import { fanOut, type Outcome, PHASES } from './fan-out.ts'
import { type Commit, GitError, newestCommits } from './git.ts'
import { Progress } from './progress.ts'
import { foldTable, swapsOf, totalsTable } from './report.ts'
import { LOG } from './results.ts'
import { type Comparison, compare, linesOf, readBack } from './totals.ts'
import { withWorktrees } from './worktrees.ts'

const MOST_PROBLEMS = 10

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const args = parseArguments(process.argv.slice(2))
    if (args.help) return print(USAGE)
    return (await demo(args)) ? 0 : 1
  } catch (error) {
    if (interrupted.signal.aborted)
      return complain('Interrupted. The worktrees are removed, the unfinished runs discarded.', 130)
    if (error instanceof UsageError) return complain(`${error.message}\n\n${USAGE}`, 2)
    if (error instanceof GitError || error instanceof RunletError) return complain(error.message, 1)
    throw error
  }
}

/** The first Ctrl-C tidies up, the second does not wait for that. */
function interrupt(): void {
  if (interrupted.signal.aborted) process.exit(130)
  interrupted.abort()
}

/** Resolves to whether all that the runs wrote is there. */
async function demo({ repository, runs }: Arguments): Promise<boolean> {
  const folder = resolve(repository)
  const commits = await commitsFor(runs, folder)
  const url = process.env.RUNLET_STORE || `file:${await mkdtemp(join(tmpdir(), 'runlet-demo-'))}`
  const parent = process.env.RUNLET_NAMESPACE || 'fan-out'
  const store = await openStore(url)
  try {
    print(`${runs} runs on the newest commits of ${folder}\nstore ${store.url}, namespace ${parent}\n`)
    const before = linesOf(await (await store.namespace(parent, { create: true })).get(LOG))
    const outcomes = await foldedRuns(folder, commits, { store, parent })
    const accounts = outcomes.map(outcome => outcome.account)
    const found = await readBack(await store.namespace(parent), accounts)
    const comparison = compare(accounts, found, before)
    report(outcomes, comparison)
    const look = `RUNLET_STORE='${store.url}' RUNLET_NAMESPACE=${parent} npx runlet`
    if (!store.url.startsWith('memory:')) print(`Look around:  ${look} ls\n              ${look} get ${LOG}`)
    return comparison.problems.length === 0
  } finally {
    await store.close()
  }
}

/** One commit a run; when the repository has fewer, it begins anew. */
async function commitsFor(runs: number, folder: string): Promise<Commit[]> {
  const newest = await newestCommits(folder, runs, interrupted.signal)
  return Array.from({ length: runs }, (_, i) => newest[i % newest.length] as Commit)
}

async function foldedRuns(folder: string, commits: readonly Commit[], into: { store: Store; parent: string }) {
  const { signal } = interrupted
  const batch = `${Date.now().toString(36)}${randomBytes(2).toString('hex')}`
  const progress = new Progress([...PHASES.map(phase => phase.name), 'fold'], commits.length)
  try {
    return await withWorktrees(folder, commits, signal, worktrees => {
      return fanOut(worktrees, { ...into, batch, signal, progress })
    })
  } finally {
    progress.end()
  }
}

function report(outcomes: readonly Outcome[], comparison: Comparison): void {
  const rows = outcomes.reduce((sum, { fold }) => sum + fold.rows, 0)
  const swaps = swapsOf(outcomes)
  print(`${foldTable(outcomes)}\n`)
  print(
    `${outcomes.length} runs, ${rows.toLocaleString('en-US')} rows, folded in ${swaps} swap${swaps === 1 ? '' : 's'} of the parent's head.\n`,
  )
  print(`${totalsTable(comparison)}\n`)
  const { problems } = comparison
  for (const problem of problems.slice(0, MOST_PROBLEMS)) print(`NOT AS WRITTEN  ${problem}`)
  print(problems.length === 0 ? 'All there.\n' : `${problems.length} things are not as they were written.\n`)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(`${text}\n`)
  return exitCode
}
