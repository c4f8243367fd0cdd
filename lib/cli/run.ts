// `runlet run -- PROGRAM`: the main job for any program. In this order: take the singleton lock, fork (or resume) the run, start
// the program in it, put what it left in RUNLET_DIR into the run, and fold. A program that fails, is ended or loses its run leaves
// the parent as it was, unless the user chose otherwise.
import { LeaseLostError, RunNotFoundError } from '../errors.ts'
import type { Run } from '../runlet.ts'
import type { Context, Verb } from './context.ts'
import { ProgramNotStartedError } from './errors.ts'
import { DONE, exitCodeOf, TRY_LATER } from './failure.ts'
import { atNamespace, type Place } from './place.ts'
import { environmentOf } from './run/environment.ts'
import { leaveRunFolder, openRunFolder, type RunFolder, removeRunFolder } from './run/folder.ts'
import { type Ended, runProgram } from './run/program.ts'
import { parseRunSettings, type RunOptions, type RunSettings } from './run/settings.ts'
import { type Settled, settle } from './run/settle.ts'
import { exitCodeOfSignal, Signals } from './run/signals.ts'
import { alone } from './run/singleton.ts'

/** All that one call of `runlet run` works with. */
interface Job extends Context, Place {
  readonly settings: RunSettings
  readonly signals: Signals
  /** Aborts when the singleton lock is lost. */
  readonly held: AbortSignal
}

/** The run, and whether it was forked for this job: only then is it ours to discard when nothing came of it. */
interface Opened {
  readonly run: Run
  readonly fresh: boolean
}

export const verb: Verb<RunOptions, [program: string, args: string[]]> = async (context, options, program, args) => {
  const settings = parseRunSettings(options, program, args)
  const signals = new Signals()
  try {
    return await atNamespace(context.shared, place =>
      alone(place.namespace, settings, held => runInChild({ ...context, ...place, settings, signals, held })),
    )
  } finally {
    signals.stop()
  }
}

async function runInChild(job: Job): Promise<number> {
  const folder = await openRunFolder(job.settings.dir, job.settings.id, job.store.url)
  let opened: Opened
  try {
    opened = await openRun(job)
  } catch (error) {
    await removeRunFolder(folder)
    throw error
  }
  const { run } = opened
  const ended = await startAndWait(job, run, folder)
  if (ended instanceof ProgramNotStartedError || ended === 'interrupted')
    return nothingCameOfIt(job, opened, folder, ended)
  if (ended.endedFor === 'timeout') {
    job.output.say(`time was up after ${job.settings.timeout?.text}`)
  }
  return concludeRun(job, run, folder, ended)
}

async function openRun({ namespace, config, settings }: Job): Promise<Opened> {
  const { id, onError, ttlMs, label, resume } = settings
  const options = { onError, ttlMs, label, onConflict: settings.onConflict ?? config.onConflict }
  if (resume) {
    const run = await namespace.resume(id, options).catch(error => {
      if (error instanceof RunNotFoundError) return undefined
      throw error
    })
    // One that has ended has no owner: its id is free for a new run.
    if (run && run.token > 0) return { run, fresh: false }
  }
  return { run: await namespace.fork(id, options), fresh: true }
}

async function startAndWait(
  { store, settings, signals, held }: Job,
  run: Run,
  folder: RunFolder,
): Promise<Ended | ProgramNotStartedError | 'interrupted'> {
  if (signals.pending) return 'interrupted'
  const { program, args, timeout } = settings
  const environment = environmentOf(store, run, folder.path)
  const signal = AbortSignal.any([run.signal, held])
  try {
    return await runProgram({ program, args, environment, timeoutMs: timeout?.ms, signal }, signals)
  } catch (error) {
    if (error instanceof ProgramNotStartedError) return error
    throw error
  }
}

/** The program never ran. */
async function nothingCameOfIt(
  { output, signals }: Job,
  { run, fresh }: Opened,
  folder: RunFolder,
  why: ProgramNotStartedError | 'interrupted',
): Promise<number> {
  await (fresh ? run.discard() : run.release())
  await removeRunFolder(folder)
  if (why === 'interrupted') return signals.pending ? exitCodeOfSignal(signals.pending) : DONE
  output.failure(why)
  return why.exitCode
}

/** The program has ended: settles the run by how it ended; resolves to the exit code. */
async function concludeRun(job: Job, run: Run, folder: RunFolder, ended: Ended): Promise<number> {
  const { output, held, settings } = job
  const lost = run.signal.aborted || held.aborted
  const exitCode = lost ? TRY_LATER : ended.exitCode
  const failed = lost || exitCode !== DONE
  let settled: Settled = { outcome: 'kept' }
  let failure: unknown
  try {
    if (run.signal.aborted) throw new LeaseLostError(`${run.name}:owner`)
    if (lost) output.say(`the singleton lock "${settings.singleton}" was lost`)
    settled = await settle(run, failed ? settings.onError : 'fold', folder.path, output)
  } catch (error) {
    failure = error
    output.failure(error)
  }
  if (settled.outcome !== 'kept') await removeRunFolder(folder)
  else if (!(await leaveRunFolder(folder))) output.say(`what the program left is in ${folder.path}`)
  const code = exitCode === DONE && failure ? codeOfUnsettled(failure) : exitCode
  if (output.json) await output.document(documentOf(run, settled, code, failure))
  return code
}

const codeOfUnsettled = (failure: unknown): number =>
  failure instanceof LeaseLostError ? TRY_LATER : exitCodeOf(failure)

function documentOf(run: Run, { outcome, fold }: Settled, exitCode: number, failure: unknown): object {
  const error = failure instanceof Error ? { error: failure.message } : {}
  return { run: run.name, id: run.id, parent: run.parent.name, exitCode, outcome, ...fold, ...error }
}
