// `runlet run -- PROGRAM`: the main job for any program. In this order: take the singleton lock, fork (or resume) the run, start
// the program in it, bring what it left in RUNLET_DIR into the run, and fold. A program that fails, is ended or loses its run leaves
// the parent as it was, unless the user chose otherwise.
import { LeaseLostError, RunNotFoundError } from '../errors.ts'
import { abandonRun, assertFitsRun } from '../run-copy.ts'
import type { Run } from '../runlet.ts'
import type { Context, Verb } from './context.ts'
import { ProgramNotStartedError, SyncFailedError } from './errors.ts'
import { DONE, exitCodeOf, TRY_LATER } from './failure.ts'
import { atNamespace, type Place } from './place.ts'
import { during } from './progress.ts'
import { openCopy } from './run/copy.ts'
import { environmentOf } from './run/environment.ts'
import { filesOutside, leaveRunFolder, openRunFolder, type RunFolder, removeRunFolder } from './run/folder.ts'
import { Outbox } from './run/outbox.ts'
import { type Ended, runProgram } from './run/program.ts'
import { RunFiles } from './run/run-files.ts'
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
  const { settings, store } = job
  const folder = await openRunFolder(settings.dir, settings.id, store.url)
  let opened: Opened & { files: RunFiles }
  try {
    if (settings.copy) await assertFitsRun({ directory: folder.path, ...settings.copy }, store.url)
    const { run, fresh } = await during(job.output, `forking ${settings.id}`, openRun(job))
    opened = { run, fresh, files: await openFiles(job, { run, fresh }, folder) }
  } catch (error) {
    await removeRunFolder(folder)
    throw error
  }
  const { run, files } = opened
  try {
    const ended = await startAndWait(job, run, folder, files)
    if (ended instanceof ProgramNotStartedError || ended === 'interrupted')
      return await nothingCameOfIt(job, opened, folder, ended)
    if (ended.endedFor === 'timeout') job.output.say(`time was up after ${settings.timeout?.text}`)
    return await concludeRun(job, run, { folder, files }, ended)
  } finally {
    await files.close()
  }
}

async function openFiles({ settings, output }: Job, { run, fresh }: Opened, folder: RunFolder): Promise<RunFiles> {
  if (!settings.copy) return new RunFiles(new Outbox(run, folder.path))
  const about = { directory: folder.path, ...settings.copy, say: (message: string) => output.say(message) }
  try {
    return new RunFiles(await during(output, 'pulling the run', openCopy(run, about)))
  } catch (error) {
    await abandonRun(run, fresh, error)
    throw error
  }
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
  { store, settings, signals, held, output }: Job,
  run: Run,
  folder: RunFolder,
  files: RunFiles,
): Promise<Ended | ProgramNotStartedError | 'interrupted'> {
  if (signals.pending) return 'interrupted'
  const { program, args, timeout, syncMs } = settings
  const environment = environmentOf(store, run, folder.path)
  const signal = AbortSignal.any([run.signal, held])
  const over = new AbortController()
  const rounds =
    syncMs &&
    files.sync(syncMs, AbortSignal.any([over.signal, signal]), error => output.failure(new SyncFailedError(error)))
  try {
    return await runProgram({ program, args, environment, timeoutMs: timeout?.ms, signal }, signals)
  } catch (error) {
    if (error instanceof ProgramNotStartedError) return error
    throw error
  } finally {
    over.abort()
    await rounds
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
async function concludeRun(
  job: Job,
  run: Run,
  { folder, files }: { folder: RunFolder; files: RunFiles },
  ended: Ended,
): Promise<number> {
  const { output, held, settings } = job
  const lost = run.signal.aborted || held.aborted
  const exitCode = lost ? TRY_LATER : ended.exitCode
  const failed = lost || exitCode !== DONE
  let settled: Settled = { outcome: 'kept' }
  let failure: unknown
  try {
    if (run.signal.aborted) throw new LeaseLostError(`${run.name}:owner`)
    if (lost) output.say(`the singleton lock "${settings.singleton}" was lost`)
    settled = await settle(run, failed ? settings.onError : 'fold', files, output)
  } catch (error) {
    failure = error
    output.failure(error)
  }
  if (settled.outcome === 'kept') {
    if (!(await leaveRunFolder(folder))) output.say(`what the program left is in ${folder.path}`)
  } else if (!(await tellOfOutside(job, folder, settled))) await removeRunFolder(folder)
  const code = exitCode === DONE && failure ? codeOfUnsettled(failure) : exitCode
  const synced = settings.copy || settings.syncMs ? { synced: files.synced } : {}
  if (output.json) await output.document({ ...documentOf(run, settled, code, failure), ...synced })
  return code
}

/** What a copy of a part of the run did not bring into it must not be lost unseen. Resolves to whether there is such. */
async function tellOfOutside({ settings, output }: Job, folder: RunFolder, { outcome }: Settled): Promise<boolean> {
  const { prefix } = settings.copy ?? {}
  const outside = prefix === undefined || outcome !== 'folded' ? [] : await filesOutside(folder, prefix)
  if (outside.length === 0) return false
  const shown = outside.slice(0, 5).join(', ') + (outside.length > 5 ? ` and ${outside.length - 5} more` : '')
  output.say(`outside of --prefix ${prefix}, so not in the run, but left in ${folder.path}: ${shown}`)
  return true
}

const codeOfUnsettled = (failure: unknown): number =>
  failure instanceof LeaseLostError ? TRY_LATER : exitCodeOf(failure)

function documentOf(run: Run, { outcome, fold }: Settled, exitCode: number, failure: unknown): object {
  const error = failure instanceof Error ? { error: failure.message } : {}
  return { run: run.name, id: run.id, parent: run.parent.name, exitCode, outcome, ...fold, ...error }
}
