// An AI developer workflow (ADW) driver on runlet: several workflows at once, each of which goes on after a crash from what is in the
// namespace. The order of things is here; workflow.ts is what drives, place.ts is all that decides where a workflow writes.
// Exit code: 0 all workflows are complete, 1 one failed, 2 wrong usage, 130 interrupted.
import { resolve } from 'node:path'
import { openStore, RunletError } from 'runlet'
import { GitError, git } from '../fan-out/git.ts'
import { type Arguments, parseArguments, USAGE, UsageError } from './arguments.ts'
import { CommandNotStartedError } from './command.ts'
import { type Drive, drive } from './drive.ts'
import { settleLeftovers } from './leftovers.ts'
import type { Mode } from './place.ts'
import { waitsReport } from './report.ts'
import { makeSampleRepository } from './sample-repository.ts'
import { MalformedStateError } from './state.ts'
import type { Figures } from './waits.ts'
import { type Task, WorkflowFailedError } from './workflow.ts'

const EXPECTED = [UsageError, GitError, RunletError, CommandNotStartedError, MalformedStateError, WorkflowFailedError]

const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const args = parseArguments(process.argv.slice(2))
    if (args.help) return print(USAGE)
    const complete = await demo(args)
    if (interrupted.signal.aborted) return complain('Interrupted. The workflows are kept, to be gone on with.', 130)
    return complete ? 0 : 1
  } catch (error) {
    if (error instanceof UsageError) return complain(`${error.message}\n\n${USAGE}`, 2)
    if (isExpected(error)) return complain(error.message, 1)
    throw error
  }
}

/** The first Ctrl-C lets go of the workflows, so that they can be gone on with at once; the second does not wait for that. */
function interrupt(): void {
  if (interrupted.signal.aborted) process.exit(130)
  interrupted.abort()
}

/** Resolves to whether all workflows are complete. */
async function demo(args: Arguments): Promise<boolean> {
  const repository = args.repo ? await topOf(resolve(args.repo)) : await makeSampleRepository()
  const about = await openParent(args, repository)
  print(
    `${args.workflows} workflow${args.workflows === 1 ? '' : 's'} on ${repository}\nstore ${about.store}, namespace ${about.parent}\n`,
  )
  print(
    `To go on after a crash: the same again, with\n  --repo '${repository}' --store '${about.store}' --id ${args.id}\n`,
  )
  const { agent, test } = args
  const base = await git(repository, ['rev-parse', 'HEAD'])
  const settings = { repository, mark: markOf(about), base, agent, test }
  const measured = new Map<Mode, Figures>()
  let failed = 0
  for (const mode of args.modes) {
    const { figures, errors } = await drive(tasksFor(mode, args), { mode, about, settings })
    measured.set(mode, figures)
    failed += errors.length
    if (interrupted.signal.aborted) break
    for (const error of errors) tell(error)
  }
  print(`\n${waitsReport(measured)}`)
  if (failed === 0) print(lookAround(repository, about, args))
  return failed === 0
}

async function topOf(folder: string): Promise<string> {
  return git(folder, ['rev-parse', '--show-toplevel'])
}

function markOf({ store, parent }: Pick<Drive['about'], 'store' | 'parent'>): string {
  return `${parent} in ${store}`
}

/** Makes the namespace if need be, and settles what its workflows have left; its store's URL is the same from any folder. */
async function openParent(args: Arguments, repository: string): Promise<Drive['about']> {
  const store = await openStore(args.store || `file:${repository}.adw/store`)
  try {
    const about = { store: store.url, parent: args.namespace, ttlMs: args.ttlMs, signal: interrupted.signal }
    const namespace = await store.namespace(about.parent, { create: true })
    await settleLeftovers(repository, namespace, markOf(about))
    return about
  } finally {
    await store.close()
  }
}

function tasksFor(mode: Mode, { id, tasks, workflows }: Arguments): Task[] {
  return Array.from({ length: workflows }, (_, i) => ({
    id: mode === 'runs' ? `${id}-${i + 1}` : `${id}-shared-${i + 1}`,
    task: tasks[i % tasks.length] ?? `Comment the exported functions of source file ${i + 1}.`,
  }))
}

function lookAround(repository: string, { store, parent }: Drive['about'], { id }: Arguments): string {
  const runlet = `RUNLET_STORE='${store}' RUNLET_NAMESPACE=${parent} npx runlet`
  return `Look around:  ${runlet} ls adw/${id}\n              git -C '${repository}' log --oneline --branches='adw/${id}*'`
}

/** What went wrong with one workflow does not stop the others. */
function tell(error: unknown): void {
  if (isExpected(error)) complain(error.message, 1)
  else process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
}

function isExpected(error: unknown): error is Error {
  return EXPECTED.some(kind => error instanceof kind)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

function complain(text: string, exitCode: number): number {
  process.stderr.write(`${text}\n`)
  return exitCode
}
